#pragma once

// A store that is connected to a real Redis, and a login there.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "clients/redis/redis_fleet_store.h"
#include "tests/redis/redis_fixture.h"

namespace balance {

class FleetStoreTest : public RedisTest {
 protected:
  FleetStoreTest() { store_ = ConnectedStore(server_); }

  RedisResult<Acquired> Acquire(const AcquireRequest& request) { return Settled(*store_, request); }

  // When the request may be sent by the first answer.
  SteadyTime FirstTurn(const AcquireRequest& request) {
    const auto acquired = Await(store_->Acquire(request));
    EXPECT_EQ(Told(acquired), "later");
    return std::get<OutOfTurn>(acquired.value()).send_at;
  }

  Granted Grant(const AcquireRequest& request) {
    const auto acquired = Acquire(request);
    EXPECT_EQ(Told(acquired), "granted");
    return std::get<Granted>(acquired.value());
  }

  std::string Store(StoreRequest request) {
    const auto outcome = Await(store_->Store(std::move(request)));
    if (!outcome) return "error: " + outcome.error().message;
    static const char* const kNames[] = {"kept", "older", "ahead", "too large"};
    return kNames[static_cast<std::size_t>(*outcome)];
  }

  Error Rejected() { return {ErrorKind::kCredentialsRejected, "The venue rejects the key."}; }

  const RedisServer server_;
  std::unique_ptr<RedisFleetStore> store_;
  const LoginNames login_ = NamesOfKey("key");
};

}  // namespace balance
