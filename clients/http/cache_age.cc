#include "clients/http/cache_age.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "clients/core/ascii.h"

namespace balance {
namespace {

// One member of the list, blanks around it allowed.
std::optional<Duration> ParseMember(std::string_view text) {
  text = TrimAscii(text);
  if (!IsAsciiNumber(text)) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr auto kCap = std::chrono::duration_cast<std::chrono::seconds>(kLongestCacheAge);
  if (error != std::errc{} || seconds > kCap.count()) return kLongestCacheAge;
  return std::chrono::seconds(seconds);
}

}  // namespace

std::optional<Duration> CacheAge(const HttpResponse& response) {
  const std::optional<std::string> list = response.HeaderList("Age");
  if (!list) return Duration::zero();
  Duration greatest{0};
  std::string_view rest = *list;
  while (true) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::optional<Duration> age = ParseMember(rest.substr(0, comma));
    if (!age) return std::nullopt;
    greatest = std::max(greatest, *age);
    if (comma == rest.size()) return greatest;
    rest.remove_prefix(comma + 1);
  }
}

HttpHeader PastCaches() { return {"Cache-Control", "no-cache, no-store"}; }

bool IsOutOfCache(const HttpResponse& response) { return CacheAge(response) != Duration::zero(); }

}  // namespace balance
