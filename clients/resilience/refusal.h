#pragma once

// Failures of fetches that are not sent.

#include <utility>

#include "clients/core/clock.h"
#include "clients/core/result.h"

namespace balance {

// `because` anew, to be tried again after `retry_after`. It was logged when it happened, so there
// is no log detail.
inline tl::unexpected<Error> Refuse(Error because, Duration retry_after) {
  because.retry_after = retry_after;
  because.log_detail.clear();
  return tl::unexpected<Error>(std::move(because));
}

// No connection is free: the host keeps those that we may have busy, or we have more logins than it
// can serve.
inline tl::unexpected<Error> NoConnection() {
  Error error{ErrorKind::kUnreachable,
              "every connection to the upstream that this service may have is waiting for an "
              "answer; it is asked again with the next read"};
  error.is_local = true;
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace balance
