#pragma once

// How many connections to upstreams may be in use at a time: a firm limit in all, and for each host
// as many as are still free. A host that hangs therefore never holds more than half of them, two
// that hang never more than two thirds, and there is always room for one more host.

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "clients/core/alarm.h"
#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/core/connection_limits.h"
#include "clients/core/loop_executor.h"

namespace balance {

class HostSlots;

// Used on its shard's thread only.
class ConnectionSlots {
 public:
  // `limits.total` must be at least 2. `clock` must outlive the slots.
  ConnectionSlots(LoopExecutor executor, Clock& clock, ConnectionLimits limits);
  ConnectionSlots(const ConnectionSlots&) = delete;
  ConnectionSlots& operator=(const ConnectionSlots&) = delete;
  // REQUIRES: nobody waits.
  ~ConnectionSlots() = default;

  std::size_t in_use() const { return in_use_; }

 private:
  friend class HostSlots;

  // Gives slots that are free to those who wait, one host after the other.
  void Grant();

  LoopExecutor executor_;
  Clock& clock_;
  const std::size_t total_;
  std::size_t in_use_ = 0;
  // Hosts for which somebody waits for a slot; the one that was served last is last.
  std::list<HostSlots*> waiting_;
};

// The slots of one host, shared by all sources at the host. Used on its shard's thread only.
class HostSlots : public std::enable_shared_from_this<HostSlots> {
 public:
  // The right to use one connection, until it is destroyed.
  class Slot {
   public:
    explicit Slot(std::shared_ptr<HostSlots> host) : host_(std::move(host)) {}
    Slot(Slot&&) = default;
    Slot& operator=(Slot&& other) noexcept {
      std::swap(host_, other.host_);
      return *this;
    }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot() {
      if (host_) host_->Release();
    }

   private:
    std::shared_ptr<HostSlots> host_;
  };

  explicit HostSlots(std::shared_ptr<ConnectionSlots> all);
  HostSlots(const HostSlots&) = delete;
  HostSlots& operator=(const HostSlots&) = delete;
  // REQUIRES: nobody waits.
  ~HostSlots();

  // Takes a slot if there is one now.
  std::optional<Slot> TryTake();

  // Waits for a slot: urgent fetches go first (FetchProgress::SetUrgent() is heeded during the
  // wait), else first come, first served. nullopt if there is none by the deadline, or if the wait
  // ends before because the request is forbidden: FetchProgress::on_forbidden() was called, or
  // EndForbidden() found that `next`, if not null, would refuse it. However many wait, whoever
  // comes, is served or leaves costs no more than the logarithm of their number.
  boost::asio::awaitable<std::optional<Slot>> Take(FetchProgress& progress, SteadyTime deadline,
                                                   const BalanceSource* next = nullptr);

  // The host has just shown that no connection to it can be made, and `because` now forbids the
  // request that showed it; null: nothing does. Ends the waits of those that are forbidden too.
  // Looks at each who waits, but only once for one `because`.
  void EndForbidden(const std::shared_ptr<const Error>& because);

  std::size_t in_use() const { return in_use_; }
  // Whether a request that nobody waits for takes nothing from those that somebody waits for.
  bool HasSpare() const;

 private:
  friend class ConnectionSlots;

  struct Waiter {
    SteadyTime deadline;
    bool is_urgent;
    // Number of the wait, in the order in which they began.
    std::uint64_t number;
    const BalanceSource* next;
    BootTimer wake;
    // The slot that was given; set a little before the wait ends.
    std::optional<Slot> slot = std::nullopt;
    bool is_over = false;
  };

  bool HasRoom() const { return in_use_ < all_->total_ - all_->in_use_; }
  Slot Occupy();
  void Release();
  // Gives a slot to the next waiter. REQUIRES: HasRoom(). Returns false if nobody waits any more.
  bool GrantNext();
  // Puts the waiter into the queue, where it moves when `progress` becomes urgent or no longer is.
  void Enter(Waiter& waiter, FetchProgress& progress);
  void SetUrgent(Waiter& waiter, bool is_urgent);
  void Leave(Waiter& waiter);
  void EndWait(Waiter& waiter);
  // Ends the waits whose deadline has come.
  void EndLateWaits();

  const std::shared_ptr<ConnectionSlots> all_;
  std::size_t in_use_ = 0;
  // Waiters whose Take() has not returned.
  std::list<Waiter> waiters_;
  std::uint64_t came_ = 0;
  // Waiters whose wait is not over, in the order in which they are served: by whether they are in
  // the background, then by number.
  std::map<std::pair<bool, std::uint64_t>, Waiter*> queue_;
  // Waiters of the queue that have a deadline, ordered by it, then by number.
  std::map<std::pair<SteadyTime, std::uint64_t>, Waiter*> by_deadline_;
  // Of the latest EndForbidden().
  std::shared_ptr<const Error> forbidden_because_;
  // Whether `all_` knows that somebody waits here.
  bool is_listed_ = false;
  Alarm deadline_;
};

}  // namespace balance
