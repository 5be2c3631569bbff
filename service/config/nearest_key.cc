#include "service/config/nearest_key.h"

#include <algorithm>
#include <numeric>

#include "clients/core/ascii.h"

namespace balance {
namespace {

// Longer ones are no typing errors.
constexpr std::size_t kLongestKey = 64;

std::string Plain(std::string_view key) {
  std::string plain;
  for (const char c : key) {
    if (c == '_' || c == '-') continue;
    plain += ToAsciiLower(c);
  }
  return plain;
}

// How many characters must be put in, left out or replaced to get from one to the other.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> NearestKey(std::string_view key, const std::vector<std::string>& known) {
  if (key.size() > kLongestKey) return std::nullopt;
  const std::string plain = Plain(key);
  std::optional<std::string> nearest;
  std::size_t least = 0;
  for (const std::string& candidate : known) {
    const std::string plain_candidate = Plain(candidate);
    const std::size_t distance = EditDistance(plain, plain_candidate);
    const std::size_t most = std::max<std::size_t>(2, plain_candidate.size() / 3);
    if (distance > most || distance >= plain_candidate.size()) continue;
    if (nearest && distance >= least) continue;
    nearest = candidate;
    least = distance;
  }
  return nearest;
}

}  // namespace balance
