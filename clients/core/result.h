#pragma once

// Result<T>: a value, or the Error that says why there is none. No exceptions cross our APIs.

#include <tl/expected.hpp>
#include <utility>

#include "clients/core/error.h"

namespace balance {

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> Fail(ErrorKind kind, std::string message) {
  return tl::unexpected<Error>(Error{kind, std::move(message), std::nullopt, {}});
}

}  // namespace balance
