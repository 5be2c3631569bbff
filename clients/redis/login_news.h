#pragma once

// What other replicas tell of a login unasked, and those who wait for more of it.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/core/loop_executor.h"
#include "clients/core/observed_since.h"
#include "clients/core/reading.h"
#include "clients/core/result.h"
#include "clients/redis/fleet_store.h"

namespace balance {

// Ends a fetch with the outcome of another replica's request, and notes in `progress` that this is
// so, and when that request was sent.
Result<Reading> TakeShared(Reading reading, FetchProgress& progress);
Result<Reading> TakeShared(FleetFailure failure, FetchProgress& progress);

// Used on its shard's thread only.
class LoginNews {
 public:
  // `clock` must outlive it.
  LoginNews(LoopExecutor executor, Clock& clock);
  LoginNews(const LoginNews&) = delete;
  LoginNews& operator=(const LoginNews&) = delete;
  ~LoginNews() = default;

  // Keeps a message. Returns whether it is a reading that is newer than the one before. Those who
  // wait do so until EndWaits().
  bool Keep(FleetNews news);
  // After Keep(): all who wait look again.
  void EndWaits();

  // The newest reading that was told; unset before the first.
  const std::optional<Reading>& reading() const { return reading_; }

  // What was told, if that is new enough for a fetch that has begun then: a failure only if it came
  // during this fetch, which has joined the one that failed then.
  std::optional<Result<Reading>> Since(ObservedSince wanted, SteadyTime begun,
                                       FetchProgress& progress) const;

  // Number of messages so far. What is done because of some count is done anew if it has changed.
  std::uint64_t count() const { return count_; }

  // Waits until then, or until a message comes that is not one of the first `count`. REQUIRES: it
  // outlives the wait.
  boost::asio::awaitable<void> Wait(SteadyTime until, std::uint64_t count);

  // The place of one who waits for a message beside something else, as long as it lives.
  class Place {
   public:
    // `news` must outlive it, and `wake` is called at the next message.
    Place(LoginNews& news, std::function<void()> wake);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

   private:
    friend class LoginNews;

    LoginNews& news_;
    const std::function<void()> wake_;
  };

 private:
  const LoopExecutor executor_;
  Clock& clock_;
  // The newest of each.
  std::optional<Reading> reading_;
  std::optional<FleetFailure> failure_;
  // When `failure_` came.
  SteadyTime failed_at_ = SteadyTime::min();
  std::uint64_t count_ = 0;
  std::list<Place*> waiting_;
};

}  // namespace balance
