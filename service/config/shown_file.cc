#include "service/config/shown_file.h"

#include <algorithm>
#include <string_view>

#include "clients/core/ascii.h"

namespace balance {
namespace {

constexpr std::size_t kLongestShownPart = 32;

}  // namespace

std::string ShownFile(const std::string& path) {
  if (!path.starts_with('/') && !path.starts_with("./")) return "the file";
  std::string_view rest = path;
  while (!rest.empty()) {
    const auto slash = std::min(rest.find('/'), rest.size());
    if (slash > kLongestShownPart) return "the file";
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  return IsAsciiWord(path) ? "the file " + path : "the file";
}

}  // namespace balance
