#include "clients/venue/odd_fields.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "clients/core/ascii.h"
#include "clients/core/utf8.h"

namespace balance {
namespace {

bool IsPlain(char c) { return IsAsciiAlphanumeric(c) || c == '_' || c == '.' || c == '-'; }

std::string CleanName(std::string_view name) {
  std::string clean(name.substr(0, OddFields::kMaxFieldName));
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return !IsPlain(c); }, '?');
  return clean;
}

// Text of a scalar; unset if no text says the same.
std::optional<std::string> ScalarText(const JsonValue& value) {
  switch (value.type) {
    case JsonValue::Type::kNumber:
      // A shortened number would be another number.
      if (value.text.size() > OddFields::kMaxFieldText) return std::nullopt;
      return value.text;
    case JsonValue::Type::kString:
      return std::string(Utf8Prefix(value.text, OddFields::kMaxFieldText));
    case JsonValue::Type::kBool:
      return value.boolean ? "true" : "false";
    case JsonValue::Type::kNull:
    case JsonValue::Type::kArray:
    case JsonValue::Type::kObject:
      break;
  }
  return std::nullopt;
}

}  // namespace

OddFields::Kept OddFields::Keep(const JsonMember& field, CurrencyBalance& row) {
  if (field.value.IsNull()) return Kept::kYes;
  auto& fields = row.other_fields;
  const bool known = std::any_of(fields.begin(), fields.end(),
                                 [&](const auto& other) { return other.first == field.name; });
  if (known) return Kept::kYes;
  std::optional<std::string> text = ScalarText(field.value);
  if (!text) return Kept::kNoText;
  if (field.name.size() > kMaxFieldName || fields.size() == kMaxFields) return Kept::kNoRoom;
  fields.emplace_back(field.name, *std::move(text));
  return Kept::kYes;
}

void OddFields::KeepDocumented(const JsonMember& field, CurrencyBalance& row) {
  switch (Keep(field, row)) {
    case Kept::kYes:
      break;
    case Kept::kNoRoom:
      // This happens only if there are more unknown fields than kMaxFields.
      NameUnknown(field.name);
      break;
    case Kept::kNoText:
      NameUnreadable(field.name);
      break;
  }
}

void OddFields::KeepUnknown(const JsonMember& field, CurrencyBalance& row) {
  NameUnknown(field.name);
  Keep(field, row);
}

void OddFields::Names::Add(std::string_view name) {
  std::string clean = CleanName(name);
  if (std::find(names_.begin(), names_.end(), clean) != names_.end()) return;
  if (names_.size() == kMaxNamesListed) {
    more_ = true;
    return;
  }
  names_.push_back(std::move(clean));
}

std::string OddFields::Names::ToText() const {
  std::string text;
  for (const std::string& name : names_) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  if (more_) text += " and more";
  return text + '.';
}

void OddFields::AddWarnings(std::vector<Warning>& warnings) const {
  if (!unknown_.empty()) {
    warnings.push_back(
        {WarningKind::kUnknownFields,
         "The upstream sent fields that this service does not know: " + unknown_.ToText()});
  }
  if (!unreadable_.empty()) {
    warnings.push_back(
        {WarningKind::kFieldUnreadable,
         "The upstream sent fields that cannot be read and are left out: " + unreadable_.ToText()});
  }
}

}  // namespace balance
