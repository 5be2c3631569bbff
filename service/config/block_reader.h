#pragma once

// Reads the numbers and durations of one block of settings, each with its range.

#include <google/protobuf/duration.pb.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "clients/core/clock.h"
#include "service/config/config_document.h"

namespace balance {

// A field that is not given, or out of range, leaves its target as it is; the latter is an issue.
// Used by one loading call on one thread.
class BlockReader {
 public:
  // Least durations that have words of their own.
  static constexpr Duration kZero{0};
  static constexpr Duration kAboveZero{1};

  // `section` is the path of the block that holds for all sources, `path` that of the block that is
  // read; they are the same but for overrides. `document` must outlive the reader.
  BlockReader(std::string section, std::string path, ConfigDocument& document)
      : section_(std::move(section)), path_(std::move(path)), document_(document) {}

  std::string PathOf(const char* field) const { return path_ + "." + field; }
  bool IsGiven(const char* field) const { return document_.IsGiven(PathOf(field)); }

  auto ReadNoted(const std::string& path, std::size_t limit) {
    return document_.ReadNoted(path, limit);
  }

  void Refuse(const char* field, std::string problem, std::string remedy) {
    document_.AddIssue(PathOf(field), std::move(problem), std::move(remedy));
  }

  void Read(const char* field, const google::protobuf::Duration& given, Duration least,
            Duration most, Duration& target);
  // A whole number.
  void Read(const char* field, std::int32_t given, std::int32_t least, std::int32_t most,
            std::int32_t& target);
  void Read(const char* field, double given, double least, double most, double& target);

  // `higher` must not be below `lower`.
  void Order(const char* lower, Duration lower_value, const char* higher, Duration higher_value);

 private:
  void RefuseRange(const char* field, const std::string& least, const std::string& most);
  void RefuseLittle(const char* field, Duration least);
  // The value in force is not the one that was meant.
  bool IsDoubtful(const char* field) const;

  std::string section_;
  std::string path_;
  ConfigDocument& document_;
};

}  // namespace balance
