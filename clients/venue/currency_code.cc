#include "clients/venue/currency_code.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "clients/core/ascii.h"
#include "clients/core/utf8.h"
#include "clients/venue/printable_text.h"

namespace balance {
namespace {

bool IsCode(std::string_view text) {
  return !text.empty() && text.size() <= kMaxCurrencyCode &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsAsciiUpper(c) || IsAsciiDigit(c); });
}

std::string TextOf(const JsonValue& value) {
  switch (value.type) {
    case JsonValue::Type::kNull:
      return {};
    case JsonValue::Type::kBool:
      return value.boolean ? "true" : "false";
    case JsonValue::Type::kNumber:
    case JsonValue::Type::kString:
      return value.text;
    case JsonValue::Type::kArray:
      return "[...]";
    case JsonValue::Type::kObject:
      return "{...}";
  }
  return {};
}

std::string Shown(std::string_view text) {
  constexpr std::string_view kCut = "...";
  // A character takes up to four bytes, and at least one place.
  std::string shown = PrintableText(Utf8Prefix(text, 4 * kMaxShownCurrency));
  if (shown.size() > kMaxShownCurrency) {
    shown.resize(kMaxShownCurrency - kCut.size());
    shown += kCut;
  }
  return shown;
}

}  // namespace

void ReadCurrency(const JsonValue& value, CurrencyBalance& row) {
  const std::string text = TextOf(value);
  const std::string_view trimmed = TrimAscii(text);
  if (trimmed.empty()) return;
  std::string code = value.IsString() && trimmed.size() <= kMaxCurrencyCode ? ToAsciiUpper(trimmed)
                                                                            : std::string();
  row.is_currency_unrecognized = !IsCode(code);
  row.currency_code = row.is_currency_unrecognized ? Shown(text) : std::move(code);
}

bool HaveSameCurrency(const CurrencyBalance& a, const CurrencyBalance& b) {
  if (a.currency_code.empty() || b.currency_code.empty()) return false;
  if (a.currency_code == b.currency_code) return true;
  return (a.is_currency_unrecognized || b.is_currency_unrecognized) &&
         ToAsciiUpper(TrimAscii(a.currency_code)) == ToAsciiUpper(TrimAscii(b.currency_code));
}

}  // namespace balance
