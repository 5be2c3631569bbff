#pragma once

// Keeps upstream fields that a parser cannot take over: scalars without a place in a
// CurrencyBalance as text beside it. The rest is dropped, and fields that are unknown or cannot be
// read are named in a warning. New or odd upstream fields are thus never an outage and never a
// secret.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "clients/core/reading.h"
#include "clients/json/json_value.h"

namespace balance {

// Built by a parser for one reply. Used on one thread.
class OddFields {
 public:
  // Limits of CurrencyBalance::other_fields. What is over them is dropped; a text is shortened.
  static constexpr std::size_t kMaxFields = 64;
  static constexpr std::size_t kMaxFieldName = 64;
  static constexpr std::size_t kMaxFieldText = 1024;
  // Most names in one warning.
  static constexpr std::size_t kMaxNamesListed = 10;

  // Keeps a documented field in `row.other_fields`: a number as the text received, a string, true
  // or false. Null is left out; an array or an object cannot be read. Of a repeated name the first
  // stays.
  void KeepDocumented(const JsonMember& field, CurrencyBalance& row);

  // Keeps a field that is not documented in the same way, and names it.
  void KeepUnknown(const JsonMember& field, CurrencyBalance& row);

  // Names a field that is not documented and of which nothing is kept.
  void NameUnknown(std::string_view name) { unknown_.Add(name); }

  // Names a documented field whose value cannot be read, so that its place stays unset.
  void NameUnreadable(std::string_view name) { unreadable_.Add(name); }

  // Adds UNKNOWN_FIELDS and FIELD_UNREADABLE, each only if a field was so named. Names are cut to
  // kMaxFieldName characters and contain letters, digits and "_.-" only.
  void AddWarnings(std::vector<Warning>& warnings) const;

 private:
  // The first kMaxNamesListed different names.
  class Names {
   public:
    void Add(std::string_view name);
    bool empty() const { return names_.empty(); }
    // The names, separated by commas, and a point.
    std::string ToText() const;

   private:
    std::vector<std::string> names_;
    bool more_ = false;
  };

  enum class Kept : std::uint8_t { kYes, kNoRoom, kNoText };

  static Kept Keep(const JsonMember& field, CurrencyBalance& row);

  Names unknown_;
  Names unreadable_;
};

}  // namespace balance
