#pragma once

// One question to the other replicas: is there a reading, or may a request be sent?

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "clients/core/loop_executor.h"
#include "clients/redis/fleet_store.h"

namespace balance {

// FleetStore::Acquire() for somebody who may be cancelled meanwhile. The question goes on then,
// because all logins share the connection that it is asked through, and giving it up would end that
// connection. What is granted to nobody is given back. `login` is that of the request.
boost::asio::awaitable<RedisResult<Acquired>> AskFleet(LoopExecutor executor,
                                                       std::shared_ptr<FleetStore> store,
                                                       std::shared_ptr<const LoginNames> login,
                                                       AcquireRequest request);

}  // namespace balance
