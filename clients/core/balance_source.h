#pragma once

// The port through which a feed reads one upstream login: one implementation a venue, decorated by
// the resilience layer.

#include <boost/asio/awaitable.hpp>
#include <optional>

#include "clients/core/clock.h"
#include "clients/core/reading.h"
#include "clients/core/result.h"

namespace balance {

// What a feed wants to know while a fetch runs. Owned by the feed; written and read on the shard's
// thread only.
struct FetchProgress {
  // When the latest attempt's request was sent; unset while none was (waiting for its turn).
  std::optional<SteadyTime> sent_at;
};

struct FetchContext {
  // No attempt may run past this.
  SteadyTime deadline;
  // Outlives the fetch.
  FetchProgress* progress = nullptr;
};

// Used on its shard's thread only.
class BalanceSource {
 public:
  virtual ~BalanceSource() = default;

  // Reads the upstream once. Every failure, exceptions of libraries included, is an Error; an
  // incomplete reply is never a Reading. Sets progress->sent_at just before sending.
  virtual boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) = 0;
};

}  // namespace balance
