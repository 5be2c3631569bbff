#include "service/server/check_venues.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "balance/config/v1/config.pb.h"
#include "clients/core/ascii.h"
#include "clients/http/base_url.h"
#include "proto/balance_v1.h"

namespace balance {
namespace {

using google::protobuf::EnumValueDescriptor;

bool IsKey(std::string_view text) {
  return !text.empty() && text.front() != '_' && text.back() != '_' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsAsciiLower(c) || IsAsciiDigit(c) || c == '_'; });
}

// Looks at one venue after the other.
class VenueCheck {
 public:
  void Look(const Venue& venue) {
    name_ = std::string(venue.facts().name);
    if (name_.empty()) name_ = "a venue";
    LookAtKind(venue);
    LookAtKey(venue.facts());
    LookAtLogin(venue.facts());
    LookAtAddress(venue.facts());
    const auto& measures = venue.facts().measures;
    if (measures.empty()) Add("reports no measure; list at least one in its measures");
    if (std::set(measures.begin(), measures.end()).size() != measures.size()) {
      Add("lists a measure twice; list it once");
    }
    const RateSettings& rate = venue.facts().rate;
    if (rate.requests_per_second < RateSettings::kLeastPerSecond || rate.burst < 1) {
      Add("has no rate; state the budget of a credential");
    }
  }

  // After the last venue.
  std::vector<std::string> Finish() {
    const auto& kinds = *v1::SourceKind_descriptor();
    for (int i = 0; i < kinds.value_count(); ++i) {
      const EnumValueDescriptor& kind = *kinds.value(i);
      if (kind.number() == 0 || kinds_.contains(kind.number())) continue;
      faults_.push_back("no venue is of the kind " + kind.name() +
                        " of balance.v1; list its folder in service/server/venues.cmake");
    }
    return std::move(faults_);
  }

 private:
  void Add(const std::string& fault) { faults_.push_back(name_ + " " + fault); }

  // Refuses what another venue has too.
  template <typename Value>
  void Claim(std::map<Value, std::string>& taken, const Value& value, const std::string& what) {
    const auto [first, is_new] = taken.emplace(value, name_);
    if (!is_new) Add("has " + what + ", which is that of " + first->second + "; give it its own");
  }

  void LookAtKind(const Venue& venue) {
    const int number = static_cast<int>(venue.facts().kind);
    Claim(kinds_, number, "the kind " + std::to_string(number));
    const auto& kinds = *v1::SourceKind_descriptor();
    if (kinds.IsReservedNumber(number)) return;
    const EnumValueDescriptor* kind = kinds.FindValueByNumber(number);
    if (number != 0 && kind != nullptr && kind->name() == venue.KindName()) return;
    Add("has the kind " + std::to_string(number) + ", which is not " + venue.KindName() +
        " in balance.v1; give that enum value this number");
  }

  void LookAtKey(const VenueFacts& facts) {
    const std::string key(facts.key);
    if (!IsKey(key)) Add("has a key that is no lower-case words; write it such as some_venue");
    Claim(keys_, key, "the key " + key);
    if (config::v1::Source::descriptor()->FindFieldByName(key)) {
      Add("has the key " + key + ", which is a setting of every source; choose another one");
    }
    if (facts.name.empty()) Add("has no name; say what people call it");
  }

  void LookAtLogin(const VenueFacts& facts) {
    const auto& login = facts.login;
    if (std::all_of(login.begin(), login.end(), [](const LoginField& f) { return f.is_key_id; })) {
      Add("has no secret in its login; list one that is no key id");
    }
    std::map<std::string, std::string> keys = {{"base_url", name_}};
    for (const LoginField& field : login) {
      const std::string key(field.key);
      if (!IsKey(key)) Add("has a part of its login without a key; write it such as api_key");
      Claim(keys, key, "the key " + key + " in its login");
      if (field.words.empty()) Add("has no words for " + key + "; say what people call it");
      ClaimVariable(field.variable, key);
    }
    ClaimVariable(facts.base_url_variable, "base_url");
    if (facts.fund_class_variable.empty() != facts.money.is_fixed) {
      Add("needs a variable for its fund class exactly if its money is not fixed");
    }
    if (!facts.fund_class_variable.empty()) ClaimVariable(facts.fund_class_variable, "fund_class");
  }

  void ClaimVariable(std::string_view variable, const std::string& what) {
    if (variable.empty()) return Add("has no environment variable for " + what + "; name one");
    Claim(variables_, std::string(variable), "the variable " + std::string(variable));
  }

  void LookAtAddress(const VenueFacts& facts) {
    const auto url = ParseBaseUrl(facts.base_url);
    if (!url) Add("has a base URL that cannot be read: " + url.error().message);
    if (!facts.route.starts_with('/')) Add("has a route that does not begin with a slash");
  }

  // What is taken, by whom.
  std::map<int, std::string> kinds_;
  std::map<std::string, std::string> keys_;
  std::map<std::string, std::string> variables_;
  std::vector<std::string> faults_;
  // Of the venue that is looked at.
  std::string name_;
};

}  // namespace

std::vector<std::string> FaultsOf(const Venues& venues) {
  VenueCheck check;
  for (const Venue* venue : venues) check.Look(*venue);
  return check.Finish();
}

}  // namespace balance
