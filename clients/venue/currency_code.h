#pragma once

// Reads the currency of a row, as a venue writes it.

#include <cstddef>

#include "clients/core/reading.h"
#include "clients/json/json_value.h"

namespace balance {

// Longest currency code in characters; a longer text is not recognized.
inline constexpr std::size_t kMaxCurrencyCode = 12;
// Longest text that is shown in place of a code; a longer one is cut and ends with "...".
inline constexpr std::size_t kMaxShownCurrency = 32;

// Reads the value of a row's currency. A text is trimmed and upper-cased; if that makes 1 to
// kMaxCurrencyCode ASCII letters and digits, it is the row's code. Null and blank text are no code.
// Anything else is unrecognized: shown as received, made printable, but the row is in no total.
// Pure otherwise.
void ReadCurrency(const JsonValue& value, CurrencyBalance& row);

// True if both rows have a currency, and it is the same one but for letter case and blanks.
bool HaveSameCurrency(const CurrencyBalance& a, const CurrencyBalance& b);

}  // namespace balance
