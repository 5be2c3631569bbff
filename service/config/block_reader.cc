#include "service/config/block_reader.h"

#include "clients/core/saturating.h"
#include "service/config/duration_text.h"
#include "service/config/number_text.h"

namespace balance {

void BlockReader::Read(const char* field, const google::protobuf::Duration& given, Duration least,
                       Duration most, Duration& target) {
  if (!IsGiven(field)) return;
  const Duration value = SaturatingDuration(given.seconds(), given.nanos());
  if (value > most) {
    return Refuse(field, "is above " + PrintDuration(most), "write at most " + PrintDuration(most));
  }
  if (value < least) return RefuseLittle(field, least);
  target = value;
}

void BlockReader::Read(const char* field, std::int32_t given, std::int32_t least, std::int32_t most,
                       std::int32_t& target) {
  if (!IsGiven(field)) return;
  if (given < least || given > most) {
    return RefuseRange(field, std::to_string(least), std::to_string(most));
  }
  target = given;
}

void BlockReader::Read(const char* field, double given, double least, double most, double& target) {
  if (!IsGiven(field)) return;
  // Neither holds for what is no number.
  if (given >= least && given <= most) {
    target = given;
  } else {
    RefuseRange(field, PrintNumber(least), PrintNumber(most));
  }
}

void BlockReader::Order(const char* lower, Duration lower_value, const char* higher,
                        Duration higher_value) {
  if (lower_value <= higher_value || IsDoubtful(lower) || IsDoubtful(higher)) return;
  if (!IsGiven(lower) && !IsGiven(higher)) return;
  Refuse(IsGiven(higher) ? higher : lower,
         std::string(higher) + " (" + PrintDuration(higher_value) + ") is below " + lower + " (" +
             PrintDuration(lower_value) + ")",
         std::string("make ") + higher + " at least " + lower);
}

void BlockReader::RefuseRange(const char* field, const std::string& least,
                              const std::string& most) {
  Refuse(field, "is out of range", "write a number from " + least + " to " + most);
}

void BlockReader::RefuseLittle(const char* field, Duration least) {
  if (least == kZero) return Refuse(field, "is negative", "write 0s or more");
  if (least == kAboveZero) return Refuse(field, "is not above zero", "write more than 0s");
  Refuse(field, "is below " + PrintDuration(least), "write at least " + PrintDuration(least));
}

bool BlockReader::IsDoubtful(const char* field) const {
  return document_.HasIssue(PathOf(field)) || document_.HasIssue(section_ + "." + field);
}

}  // namespace balance
