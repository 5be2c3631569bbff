#pragma once

// What becomes of upstream fields that a CurrencyBalance has no place for: scalars are kept as text
// beside it, the rest is dropped, and whatever is unknown or dropped is named in one warning. New
// upstream fields are thus never an outage and never a secret.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clients/core/reading.h"
#include "clients/json/json_value.h"

namespace balance {

// Built by a parser for one reply. Used on one thread.
class UnmappedFields {
 public:
  // Limits of CurrencyBalance::other_fields. What is over them is dropped; a text is shortened.
  static constexpr std::size_t kMaxFields = 64;
  static constexpr std::size_t kMaxFieldName = 64;
  static constexpr std::size_t kMaxFieldText = 1024;
  // Most names in the warning.
  static constexpr std::size_t kMaxNamesListed = 10;

  // Keeps a documented field in `row.other_fields`: a number as the text received, a string, true
  // or false. Null is left out; an array or an object is dropped. Of a repeated name the first
  // stays.
  void KeepDocumented(const JsonMember& field, CurrencyBalance& row);

  // As KeepDocumented(), and names the field in the warning.
  void KeepUnknown(const JsonMember& field, CurrencyBalance& row);

  // Names a field of which nothing is kept.
  void Drop(std::string_view name);

  // The UNKNOWN_FIELDS warning; unset if no field was named. Names are cut to kMaxFieldName
  // characters and contain letters, digits and "_.-" only.
  std::optional<Warning> ToWarning() const;

 private:
  std::vector<std::string> names_;
  bool more_ = false;
};

}  // namespace balance
