#pragma once

// Writing JSON text, for protobuf's parser. Pure.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace balance {

// `text` as a JSON string, quotes included. REQUIRES: `text` is valid UTF-8.
std::string JsonString(std::string_view text);

// The values are JSON texts already.
std::string JsonObject(const std::map<std::string, std::string>& members);
std::string JsonArray(const std::vector<std::string>& elements);

}  // namespace balance
