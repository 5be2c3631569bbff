#include "service/server/accept_header.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "clients/core/ascii.h"

namespace balance {
namespace {

// Cuts off and returns what stands before the next `separator`, without blanks around it.
std::string_view Next(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  std::string_view piece = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return TrimAscii(piece);
}

struct MediaRange {
  std::string_view type;
  // Without quotes; empty if none is named.
  std::string_view version;
  // 0: not acceptable. Unset: the entry cannot be read.
  std::optional<double> quality = 1;
};

std::optional<double> ParseQuality(std::string_view text) {
  double quality = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), quality, std::chars_format::fixed);
  const bool is_quality = error == std::errc() && end == text.data() + text.size();
  return is_quality && quality >= 0 && quality <= 1 ? std::optional(quality) : std::nullopt;
}

MediaRange ParseRange(std::string_view text) {
  MediaRange range;
  range.type = Next(text, ';');
  while (!text.empty()) {
    std::string_view value = Next(text, ';');
    const std::string_view name = Next(value, '=');
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (EqualIgnoringAsciiCase(name, "q")) {
      range.quality = ParseQuality(value);
    } else if (EqualIgnoringAsciiCase(name, "version")) {
      range.version = value;
    }
  }
  return range;
}

// How closely a range means `type`: 0 if not at all, 1 for `*/*`, 2 for `text/*`, 3 by name.
int Closeness(const MediaRange& range, const MediaRange& type) {
  const bool has_other_version =
      !range.version.empty() && !type.version.empty() && range.version != type.version;
  if (EqualIgnoringAsciiCase(range.type, type.type)) return has_other_version ? 0 : 3;
  if (range.type == "*/*") return 1;
  const std::string_view family = type.type.substr(0, type.type.find('/') + 1);
  const bool is_family =
      range.type.ends_with("/*") &&
      EqualIgnoringAsciiCase(range.type.substr(0, range.type.size() - 1), family);
  return is_family ? 2 : 0;
}

// Quality that `accept` gives to `type`: that of the closest entry, if it is at least so close.
double QualityOf(std::string_view accept, const MediaRange& type, int least_closeness) {
  int closest = 0;
  double quality = 0;
  while (!accept.empty()) {
    const MediaRange range = ParseRange(Next(accept, ','));
    if (!range.quality) continue;
    const int closeness = Closeness(range, type);
    if (closeness < least_closeness || closeness < closest || closeness == 0) continue;
    quality = closeness == closest ? std::max(quality, *range.quality) : *range.quality;
    closest = closeness;
  }
  return quality;
}

}  // namespace

bool Prefers(std::string_view accept, std::string_view type, std::string_view usual) {
  const double wanted = QualityOf(accept, ParseRange(type), 3);
  return wanted > 0 && wanted >= QualityOf(accept, ParseRange(usual), 1);
}

}  // namespace balance
