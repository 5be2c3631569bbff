#pragma once

// All streams of WatchAccountSnapshots: how many there may be, and what concerns all of them.

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "clients/core/clock.h"
#include "clients/core/random.h"
#include "service/rpc/watch_limits.h"
#include "service/rpc/watch_mailbox.h"

namespace balance {

// Thread-safe.
class Watchers {
 public:
  // `clock` must outlive it.
  explicit Watchers(const Clock& clock) : clock_(clock) {}

  // Counts a stream in, unless there are as many as there may be, in all or of this caller.
  // `caller` is empty where callers are not told apart: then only the limit of all holds.
  bool TryAdd(const std::shared_ptr<WatchMailbox>& stream, const std::string& caller,
              const WatchLimits& limits);
  // The stream has ended. One that was not counted in is fine.
  void Remove(const WatchMailbox& stream);

  // What is served has been replaced: each stream looks at what its caller may see.
  void OnServed();

  // Ends all streams, spread evenly over `time` from now on, and those that come later within the
  // rest of it.
  void Drain(Duration time);

  std::size_t size() const;

 private:
  struct Stream {
    std::shared_ptr<WatchMailbox> mailbox;
    std::string caller;
  };

  const Clock& clock_;
  mutable std::mutex mutex_;
  // Guarded by mutex_, as the rest is.
  std::unordered_map<const WatchMailbox*, Stream> streams_;
  // Number of streams by caller.
  std::unordered_map<std::string, std::size_t> of_caller_;
  // Set once the server drains.
  std::optional<SteadyTime> drained_by_;
  Random random_ = SeededRandom(0);
};

}  // namespace balance
