#pragma once

// "Did you mean ...?" for keys. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace balance {

// The one of `known` that `key` most likely stands for, its case, hyphens and underscores set
// aside; nullopt if none is near.
std::optional<std::string> NearestKey(std::string_view key, const std::vector<std::string>& known);

}  // namespace balance
