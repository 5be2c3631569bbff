#include "clients/venue/unmapped_fields.h"

#include <algorithm>
#include <utility>

#include "clients/venue/bounded_text.h"

namespace balance {
namespace {

bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

std::string CleanName(std::string_view name) {
  std::string clean(name.substr(0, UnmappedFields::kMaxFieldName));
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return !IsPlain(c); }, '?');
  return clean;
}

// Unset if there is no text that says the same.
std::optional<std::string> ScalarText(const JsonValue& value) {
  switch (value.type) {
    case JsonValue::Type::kNumber:
      // A shortened number would be another number.
      if (value.text.size() > UnmappedFields::kMaxFieldText) return std::nullopt;
      return value.text;
    case JsonValue::Type::kString:
      return Bounded(value.text, UnmappedFields::kMaxFieldText);
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

void UnmappedFields::KeepDocumented(const JsonMember& field, CurrencyBalance& row) {
  if (field.value.IsNull()) return;
  std::optional<std::string> text = ScalarText(field.value);
  auto& fields = row.other_fields;
  const bool known = std::any_of(fields.begin(), fields.end(),
                                 [&](const auto& other) { return other.first == field.name; });
  if (known) return;
  if (!text || field.name.size() > kMaxFieldName || fields.size() == kMaxFields) {
    Drop(field.name);
    return;
  }
  fields.emplace_back(field.name, *std::move(text));
}

void UnmappedFields::KeepUnknown(const JsonMember& field, CurrencyBalance& row) {
  Drop(field.name);
  KeepDocumented(field, row);
}

void UnmappedFields::Drop(std::string_view name) {
  std::string clean = CleanName(name);
  if (std::find(names_.begin(), names_.end(), clean) != names_.end()) return;
  if (names_.size() == kMaxNamesListed) {
    more_ = true;
    return;
  }
  names_.push_back(std::move(clean));
}

std::optional<Warning> UnmappedFields::ToWarning() const {
  if (names_.empty()) return std::nullopt;
  std::string detail = "The upstream sent fields that this service does not know: ";
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (i > 0) detail += ", ";
    detail += names_[i];
  }
  if (more_) detail += " and more";
  detail += '.';
  return Warning{WarningKind::kUnknownFields, std::move(detail)};
}

}  // namespace balance
