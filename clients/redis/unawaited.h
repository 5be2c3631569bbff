#pragma once

// Operations on a FleetStore that nobody waits for.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <memory>
#include <utility>

#include "clients/core/loop_executor.h"
#include "clients/redis/fleet_store.h"

namespace balance {

// Runs `operation`, which is one of `store`, and keeps the store alive meanwhile. What becomes of
// it is told by the store's own counters.
template <typename T>
void RunUnawaited(const LoopExecutor& executor, std::shared_ptr<FleetStore> store,
                  boost::asio::awaitable<T> operation) {
  boost::asio::co_spawn(
      executor, std::move(operation),
      [store = std::move(store)](const std::exception_ptr& /*failure*/, auto&&...) {});
}

}  // namespace balance
