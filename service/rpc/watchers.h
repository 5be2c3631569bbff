#pragma once

// All streams of WatchAccountSnapshots: how many there may be, and what concerns all of them.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "clients/core/clock.h"
#include "clients/core/mutex.h"
#include "clients/core/random.h"
#include "service/rpc/watch_limits.h"
#include "service/transport/server_stream.h"

namespace balance {

// Thread-safe.
class Watchers {
 public:
  // What a stream hears through its waker: one of these, or of the account of a slot.
  // What is served has been replaced.
  static constexpr std::uint32_t kServedKey = 0;
  // DrainBy() tells when the stream has to end.
  static constexpr std::uint32_t kDrainKey = 1;
  static constexpr std::uint32_t KeyOf(std::uint32_t slot) { return slot + 2; }
  // REQUIRES: the key is of a slot.
  static constexpr std::uint32_t SlotOf(std::uint32_t key) { return key - 2; }

  // Why a stream cannot begin.
  enum class Refusal : std::uint8_t {
    kNone,
    // There are as many streams as there may be, in all or of this caller.
    kStreams,
    // The accounts of all streams, or of this caller's, would be more than they may be.
    kAccounts,
  };

  // `clock` must outlive it.
  explicit Watchers(const Clock& clock) : clock_(clock) {}

  // Counts a stream with so many accounts in, unless it is refused. `caller` is empty where callers
  // are not told apart: then only the limits of all hold.
  Refusal TryAdd(const std::shared_ptr<StreamWaker>& stream, const std::string& caller,
                 std::size_t accounts, const WatchLimits& limits);
  // The stream has so many accounts now, because of what is served: that is never refused.
  // REQUIRES: it was counted in.
  void SetAccounts(const StreamWaker& stream, std::size_t accounts);
  // The stream has ended. One that was not counted in is fine.
  void Remove(const StreamWaker& stream);

  // What is served has been replaced: each stream looks at what its caller may see.
  void OnServed();

  // Ends all streams, spread evenly over `time` from now on, and those that come later within the
  // rest of it.
  void Drain(Duration time);
  // When the stream has to end, because the server does; max(): it does not.
  SteadyTime DrainBy(const StreamWaker& stream) const;

  std::size_t size() const;
  // Of all streams together; an account counts once for each of them.
  std::size_t accounts() const;

 private:
  struct Count {
    std::size_t streams = 0;
    std::size_t accounts = 0;
  };
  using Callers = std::unordered_map<std::string, Count>;

  struct Stream {
    std::shared_ptr<StreamWaker> waker;
    std::size_t accounts = 0;
    // Null where callers are not told apart.
    Callers::value_type* caller = nullptr;
    SteadyTime drain_by = SteadyTime::max();
  };

  static void TellToDrain(Stream& stream, SteadyTime when);
  void SetAccounts(Stream& stream, std::size_t accounts) BALANCE_REQUIRES(mutex_);

  const Clock& clock_;
  mutable Mutex mutex_;
  std::unordered_map<const StreamWaker*, Stream> streams_ BALANCE_GUARDED_BY(mutex_);
  Callers of_caller_ BALANCE_GUARDED_BY(mutex_);
  std::size_t accounts_ BALANCE_GUARDED_BY(mutex_) = 0;
  // When the last one ends; max(): the server does not drain.
  SteadyTime drained_by_ BALANCE_GUARDED_BY(mutex_) = SteadyTime::max();
  Random random_ BALANCE_GUARDED_BY(mutex_) = SeededRandom(0);
};

}  // namespace balance
