#pragma once

// What has happened to the accounts of one stream, and to the stream, on other threads.

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/topic.h"
#include "service/transport/server_stream.h"

namespace balance {

// Thread-safe. An account whose change has not been taken yet is in here once, however often it
// changes.
class WatchMailbox final : public Subscriber {
 public:
  struct Mail {
    // Keys of the accounts that have changed; the one that changed first comes first.
    std::vector<std::uint32_t> changed;
    // What is served has been replaced.
    bool is_served_new = false;
    // When the stream has to end, because the server does.
    std::optional<SteadyTime> drain_by;
  };

  explicit WatchMailbox(std::shared_ptr<StreamWaker> waker) : waker_(std::move(waker)) {}

  // --- Subscriber -------------------------------------------------------------------------------

  void OnPublished(std::uint32_t key) override {
    {
      const std::lock_guard lock(mutex_);
      if (key >= has_changed_.size()) has_changed_.resize(key + 1);
      if (has_changed_[key]) return;
      has_changed_[key] = true;
      mail_.changed.push_back(key);
    }
    waker_->Wake();
  }

  // --- Of all streams ---------------------------------------------------------------------------

  void OnServed() {
    {
      const std::lock_guard lock(mutex_);
      mail_.is_served_new = true;
    }
    waker_->Wake();
  }

  void DrainBy(SteadyTime when) {
    {
      const std::lock_guard lock(mutex_);
      mail_.drain_by = when;
    }
    waker_->Wake();
  }

  // --- Of the stream ----------------------------------------------------------------------------

  // Takes what has come since the last time.
  Mail Take() {
    const std::lock_guard lock(mutex_);
    for (const std::uint32_t key : mail_.changed) has_changed_[key] = false;
    return std::exchange(mail_, {});
  }

 private:
  const std::shared_ptr<StreamWaker> waker_;
  std::mutex mutex_;
  // Guarded by mutex_, as the next one is. By key.
  std::vector<bool> has_changed_;
  Mail mail_;
};

}  // namespace balance
