#include "clients/core/resource_id.h"

#include <algorithm>

#include "clients/core/ascii.h"

namespace balance {
namespace {

constexpr std::size_t kMaxIdLength = 63;

}  // namespace

bool IsResourceId(std::string_view id) {
  if (id.empty() || id.size() > kMaxIdLength || id.front() == '-' || id.back() == '-') return false;
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return IsAsciiLower(c) || IsAsciiDigit(c) || c == '-'; });
}

}  // namespace balance
