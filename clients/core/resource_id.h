#pragma once

// Ids of accounts and sources. Pure.

#include <string_view>

namespace balance {

// Whether `id` matches [a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?
bool IsResourceId(std::string_view id);

}  // namespace balance
