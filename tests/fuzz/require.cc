#include "tests/fuzz/require.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "clients/core/utf8.h"

namespace balance::fuzz {
namespace {

constexpr std::size_t kMostMessages = 64;
constexpr std::size_t kLongestMessage = 300;
constexpr std::string_view kDigits = "0123456789";

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of(kDigits) == std::string_view::npos;
}

}  // namespace

void Require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

bool IsPrintableAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool IsUtf8(std::string_view text) { return ValidUtf8Prefix(text) == text.size(); }

bool IsPlainDecimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (negative && text.find_first_of("123456789") == std::string_view::npos) return false;
  const auto point = text.find('.');
  if (!IsDigits(text.substr(0, point))) return false;
  return point == std::string_view::npos || IsDigits(text.substr(point + 1));
}

void LiteralMessages::Check(const std::string& message) {
  Require(!message.empty(), "an error has a message");
  Require(IsPrintableAscii(message), "a message is printable");
  Require(message.size() <= kLongestMessage, "a message is of sensible length");
  Require(message.find(kCanary) == std::string::npos, "a message holds no input");
  seen_.insert(message);
  Require(seen_.size() <= kMostMessages, "messages are literals");
}

}  // namespace balance::fuzz
