#pragma once

// What a stream of WatchAccountSnapshots sends, and when. Values only: no clock, no message, no
// stream.

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <span>

#include "clients/core/clock.h"
#include "clients/core/random.h"
#include "service/rpc/watch_event.h"

namespace balance {

// One message is under way at most. Behind it each account of the stream is clean or dirty, nothing
// more, so it takes the same memory however slow the reader is, and what is sent next is always the
// newest state. Used on one thread.
class WatchState {
 public:
  // An account of the stream, counted from 0 in the order in which they came.
  using Slot = std::uint32_t;

  // The heartbeats come within this share of their interval before or after it.
  static constexpr double kHeartbeatJitter = 0.1;
  // For the reader to take a message.
  static constexpr Duration kSlowReader = std::chrono::seconds(20);
  // For a slow reader to take the goodbye.
  static constexpr Duration kGoodbyePatience = std::chrono::seconds(1);

  struct Options {
    Duration heartbeat_interval{0};
    // Least time between two snapshots of one account.
    Duration min_interval{0};
    // When the stream ends because of its age.
    SteadyTime ends_at = SteadyTime::max();
  };

  struct Step {
    enum class Kind : std::uint8_t {
      // Nothing is to be sent now.
      kNone,
      // To send: the newest snapshot of `slot`, that `slot` is gone, a heartbeat, a goodbye.
      kSnapshot,
      kRemoved,
      kHeartbeat,
      kGoodbye,
      // To end the stream: the goodbye has been said, or the reader does not take it; or the reader
      // has taken nothing for too long.
      kEnd,
      kTooSlow,
    };
    Kind kind = Kind::kNone;
    Slot slot = 0;
  };

  // `random` spreads the heartbeats.
  WatchState(const Options& options, Random random);

  // --- What happens -----------------------------------------------------------------------------

  // Another account belongs to the stream; it is dirty.
  Slot Add();
  // There is a newer revision of the account.
  void OnChange(Slot slot);
  // The account is gone. The reader is told if it knows of it. `last`: number of its last revision,
  // of which the reader may not have been told.
  void Remove(Slot slot, std::int64_t last);
  // The account is there again, or was made anew: its revisions begin with 1 once more. `last`: as
  // above; 0 if it was gone.
  void Restart(Slot slot, std::int64_t last);
  // Ends the stream at `when`, if it does not end earlier.
  void EndBy(SteadyTime when, WatchEnd why);

  // --- What to do -------------------------------------------------------------------------------

  Step Next(SteadyTime now);
  // When Next(), which has said that nothing is to be sent, may say something else although nothing
  // happens.
  SteadyTime NextTime() const;

  // How many published changes a snapshot of this revision stands for beyond itself.
  std::int64_t Skipped(Slot slot, std::int64_t number) const;

  // The step that Next() told of was done.
  void OnSnapshotSent(Slot slot, std::int64_t number, SteadyTime now);
  void OnRemovedSent(Slot slot, SteadyTime now);
  void OnHeartbeatSent(SteadyTime now);
  void OnGoodbyeSent(SteadyTime now);
  // The newest revision says the same as what the reader was told last; nothing was sent.
  void OnNothingNew(Slot slot, std::int64_t number);

  // The message that was sent last is not under way any more.
  void OnTaken() { under_way_since_ = SteadyTime::max(); }
  // The reader takes no message for now.
  void OnBlocked(SteadyTime now);
  // The reader may take one again. That is not sure before it has: a connection on which others are
  // read says so all the time, and for how long the reader has been blocked counts on.
  void OnMaybeFree() { is_blocked_ = false; }
  // Next() told of nothing to do.
  void OnNothingToSend() {
    if (!is_blocked_) blocked_since_ = SteadyTime::max();
  }

  // --- What is known ----------------------------------------------------------------------------

  // True if the reader has not been told of all that there is of some account.
  bool HasNews() const { return !Dirty().empty(); }
  // Number of the revision that the reader was told of last; 0: of none, or it is out of date.
  std::int64_t Told(Slot slot) const;
  WatchEnd end() const { return end_; }

 private:
  struct Account {
    bool is_dirty = false;
    bool is_gone = false;
    // The reader knows of it.
    bool is_known = false;
    SteadyTime sent = SteadyTime::min();
    std::int64_t told = 0;
    // Changes before its latest restart of which the reader was not told.
    std::int64_t missed = 0;
  };

  // Dirty accounts; the one whose change is oldest comes first.
  std::span<const Slot> Dirty() const {
    return std::span<const Slot>(dirty_.data(), dirty_.size()).subspan(clean_);
  }
  void MarkDirty(Slot slot);
  // The account's revisions end with `last`; those that the reader was not told of are missed.
  static void CountMissed(Account& account, std::int64_t last);
  // Takes it out of the queue.
  void Clean(Slot slot);
  void OnSent(SteadyTime now);
  SteadyTime DueAt(const Account& account) const;
  // When the reader is too slow, unless it takes something; max(): it is not being waited for.
  SteadyTime TooSlowAt() const;
  // Whether the reader has been sent nothing yet of an account that is dirty.
  bool IsInitialStateOpen() const { return unknown_ > 0; }

  const Options options_;
  Random random_;
  // Most streams have one account, whose state then needs no memory of its own.
  boost::container::small_vector<Account, 1> accounts_;
  // Slots of accounts that were dirty, which are clean by now, and then those of the dirty ones.
  boost::container::small_vector<Slot, 2> dirty_;
  // Number of the first ones.
  std::size_t clean_ = 0;
  // No dirty account is due before. Thousands may wait for their least interval, and are not looked
  // at with every change of another one.
  SteadyTime first_due_ = SteadyTime::max();
  // Number of dirty accounts that the reader does not know of.
  std::size_t unknown_ = 0;
  // The end of the initial state has been told.
  bool is_initial_told_ = false;
  SteadyTime next_heartbeat_ = SteadyTime::max();
  SteadyTime ends_at_;
  WatchEnd end_ = WatchEnd::kMaxAge;
  bool is_goodbye_said_ = false;
  // When the message under way was sent; max(): none is.
  SteadyTime under_way_since_ = SteadyTime::max();
  // Since when something waits that the reader does not take; max(): nothing does.
  SteadyTime blocked_since_ = SteadyTime::max();
  // It is not worth trying before OnMaybeFree().
  bool is_blocked_ = false;
};

}  // namespace balance
