// Three lines of any text as decimal numbers.

#include <algorithm>
#include <charconv>
#include <compare>
#include <optional>
#include <string>

#include "clients/core/decimal.h"
#include "tests/fuzz/lines.h"
#include "tests/fuzz/require.h"

namespace balance::fuzz {
namespace {

// What a number that was accepted must print as: the same digits with the point moved, without any
// arithmetic.
std::string MovedPoint(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  int exponent = 0;
  if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view digits = text.substr(e + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    text = text.substr(0, e);
  }
  const auto point = std::min(text.find('.'), text.size());
  std::string digits(text.substr(0, point));
  if (point < text.size()) digits += text.substr(point + 1);
  int scale = static_cast<int>(digits.size() - point) - exponent;
  for (; scale < 0; ++scale) digits += '0';
  const auto places = static_cast<std::size_t>(scale);
  if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
  const auto whole_end = digits.size() - places;
  digits.erase(0, std::min(digits.find_first_not_of('0'), whole_end - 1));
  const bool zero = digits.find_first_not_of('0') == std::string::npos;
  if (places > 0) digits.insert(digits.size() - places, 1, '.');
  return negative && !zero ? "-" + digits : digits;
}

std::optional<Decimal> CheckParse(std::string_view text) {
  static LiteralMessages messages;
  const auto parsed = Decimal::Parse(text);
  if (!parsed) {
    Require(parsed.error().kind == ErrorKind::kInvalidInput, "the text is what is wrong");
    messages.Check(parsed.error().message);
    return std::nullopt;
  }
  const std::string printed = parsed->ToString();
  Require(printed == MovedPoint(text), "it prints as it was written");
  Require(IsPlainDecimal(printed), "it prints plainly");
  Require(parsed->scale() >= 0 && parsed->scale() <= Decimal::kMaxDigits, "its scale is bounded");
  const auto again = Decimal::Parse(printed);
  Require(again && *again == *parsed, "it comes back from its text");
  return *parsed;
}

void CheckSum(const Decimal& a, const Decimal& b) {
  const auto sum = Decimal::Add(a, b);
  const auto reverse = Decimal::Add(b, a);
  Require(sum.has_value() == reverse.has_value(), "a + b overflows as b + a does");
  if (!sum) return;
  Require(*sum == *reverse, "a + b is b + a");
  Require(IsPlainDecimal(sum->ToString()), "a + b prints plainly");
  const auto back = Decimal::Subtract(*sum, b);
  Require(!back || Decimal::Compare(*back, a) == 0, "a + b - b is a");
}

void CheckDifference(const Decimal& a, const Decimal& b) {
  const auto order = Decimal::Compare(a, b);
  Require(Decimal::Compare(b, a) == (0 <=> order), "the order can be read from both sides");
  const auto difference = Decimal::Subtract(a, b);
  if (!difference) return;
  const std::string printed = difference->ToString();
  Require(IsPlainDecimal(printed), "a - b prints plainly");
  Require(difference->IsZero() == (order == 0), "a - b is 0 just for equal values");
  Require(printed.starts_with('-') == (order < 0), "a - b is negative just for a < b");
  const auto back = Decimal::Add(*difference, b);
  Require(!back || Decimal::Compare(*back, a) == 0, "a - b + b is a");
}

void CheckThree(const Decimal& a, const Decimal& b, const Decimal& c) {
  const auto ab = Decimal::Add(a, b);
  const auto bc = Decimal::Add(b, c);
  const auto left = ab ? Decimal::Add(*ab, c) : ab;
  const auto right = bc ? Decimal::Add(a, *bc) : bc;
  Require(!left || !right || *left == *right, "addition is associative");
  if (Decimal::Compare(a, b) <= 0 && Decimal::Compare(b, c) <= 0) {
    Require(Decimal::Compare(a, c) <= 0, "the order is transitive");
  }
}

}  // namespace
}  // namespace balance::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace balance::fuzz;
  std::string_view text = AsText(data, size);
  const auto a = CheckParse(TakeLine(text));
  const auto b = CheckParse(TakeLine(text));
  const auto c = CheckParse(TakeLine(text));
  if (a && b) {
    CheckSum(*a, *b);
    CheckDifference(*a, *b);
  }
  if (a && b && c) CheckThree(*a, *b, *c);
  return 0;
}
