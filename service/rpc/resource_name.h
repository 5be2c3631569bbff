#pragma once

// Resource names of the API: `accounts/{account}` and `accounts/{account}/sources/{source}`. Pure.

#include <optional>
#include <string_view>

namespace balance {

// The account of `accounts/{account}`; nullopt if `name` is anything else. Views into `name`.
std::optional<std::string_view> ParseAccountName(std::string_view name);

struct SourceNameParts {
  std::string_view account;
  std::string_view source;
};

// Of `accounts/{account}/sources/{source}`; nullopt if `name` is anything else. Views into `name`.
std::optional<SourceNameParts> ParseSourceName(std::string_view name);

}  // namespace balance
