#pragma once

// A fetch that is refused here because of a failure that came before.

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

}  // namespace balance
