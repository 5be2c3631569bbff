#pragma once

// The state of one source: its newest reading, its failure, its one refresh and who waits for it.

#include <array>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include "clients/core/alarm.h"
#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/core/loop_executor.h"
#include "clients/core/random.h"
#include "service/feed/freshness_meter.h"
#include "service/feed/read_policy.h"
#include "service/feed/source_status.h"
#include "service/feed/watch_pace.h"

namespace balance {

// What a hint has led to.
enum class HintResult : std::uint8_t {
  // A refresh.
  kStarted,
  // Nothing more: a refresh that is not sent yet, or that already follows the one under way, will
  // tell.
  kJoined,
  // A refresh that follows the one under way.
  kQueued,
  // Nobody wants to know: the reading is no longer FRESH.
  kUnwanted,
  // A failure forbids requests: the reading is no longer FRESH.
  kForbidden,
};

// Name of each HintResult, indexed by it.
inline constexpr std::array<std::string_view, 5> kHintResultNames = {"STARTED", "JOINED", "QUEUED",
                                                                     "UNWANTED", "FORBIDDEN"};

// Told of each refresh on the shard's thread; must not block.
class RefreshObserver {
 public:
  virtual ~RefreshObserver() = default;

  // A refresh that was sent has ended. `before` is the status that it found; `took` runs from its
  // start.
  virtual void OnRefresh(const SourceStatus& before, const Result<Reading>& result,
                         Duration took) = 0;

  // A refresh ended unsent: a hold-off, a pause, an open breaker or the rate budget forbade it.
  virtual void OnRefusal(const SourceStatus& /*before*/, const Error& /*why*/) {}

  // What another replica read, or failed to read, was taken over; told once of each reading.
  // `before` is the status that it found.
  virtual void OnShared(const SourceStatus& /*before*/, const Result<Reading>& /*result*/) {}

  // A reading was dropped: one with a later observe time is known already.
  virtual void OnDropped(const SourceStatus& /*known*/) {}

  // Times that sources of one kind were in demand and fresh, since they were told last.
  virtual void OnFreshness(SourceKind /*kind*/, const FreshnessTimes& /*times*/) {}
};

// Used on its shard's thread only. At most one refresh runs at a time; at most one more is queued
// for callers whose bounds the running one cannot meet. A waiter that leaves takes nothing from the
// others; a refresh that nobody waits for any more is not sent. A reading that comes unasked, from
// another replica, ends the waits that it is new enough for. Where a failure forbids requests
// for now, a refresh ends at once with that failure.
class SourceFeed {
 public:
  using WaiterId = std::uint64_t;
  using OnEnd = std::function<void(Waited)>;

  // Number of waits of one refresh that end in one piece of work: each may encode and send an
  // answer.
  static constexpr int kEndedAtOnce = 32;

  struct Options {
    std::shared_ptr<const SourceInfo> info;
    // For one refresh from its first request on, all attempts included.
    Duration refresh_budget;
    // May be null.
    std::shared_ptr<const PathProbe> path = nullptr;
  };

  // `clock`, `observer` must outlive the feed. `on_change` is called after the status changed and
  // before any waiter hears of it. `random` spreads the early refreshes.
  SourceFeed(LoopExecutor executor, Clock& clock, RefreshObserver& observer, Options options,
             std::unique_ptr<BalanceSource> source, Random random, std::function<void()> on_change);
  SourceFeed(const SourceFeed&) = delete;
  SourceFeed& operator=(const SourceFeed&) = delete;
  // REQUIRES: Stop() was called, and its `on_idle` has been or the executor has run until idle.
  ~SourceFeed();

  // Takes over what another feed knew of the source: reading, failure, latest attempt, currencies.
  // Tells nobody. REQUIRES: nothing was read yet.
  void Adopt(const SourceStatus& known);

  const SourceStatus& status() const { return status_; }

  // When a refresh that is not under way yet could be sent, by the minimum refresh interval and by
  // what stands between the source and its upstream.
  SteadyTime EarliestSend() const;

  // When a refresh that serves a reading observed `since` will at the earliest be sent, or end
  // unsent; a time in the past if it is under way.
  SteadyTime EarliestSendFor(ObservedSince since) const;

  // Waits for a refresh sent `since`, starting or queueing one if need be. `on_end` is
  // called exactly once, when that refresh has succeeded or failed, unless Forget() comes first.
  // Waits of one refresh end in the order in which they began, a few at a time: the loop does other
  // work in between.
  // `trace` is that of the call that waits, for a refresh that begins with it.
  WaiterId Wait(ObservedSince since, OnEnd on_end,
                const std::optional<TraceContext>& trace = std::nullopt);
  // Takes the time of a look-up, however many others wait. Ids of waits that have ended are fine.
  void Forget(WaiterId waiter);

  // Sees to it that a refresh is sent `since`, without waiting for it: one that runs goes on even
  // if all who wait for it leave, and one that was sent before is followed by another.
  void RefreshInBackground(ObservedSince since,
                           const std::optional<TraceContext>& trace = std::nullopt);

  // The venue said that figures may have changed. Where somebody watches or waits, a refresh is
  // sent after this moment: one that was sent before is followed by exactly one other, however many
  // hints come. Else, and where a failure forbids requests, nothing is sent, and the reading that
  // is known is no longer FRESH. A reading that a hint alone has caused has the origin kPushHint.
  HintResult Hint();

  // The venue tells of changes, and has told of none since then; unset: it does not tell of any,
  // as at first. Returns whether there is a reading from before then: what happened meanwhile was
  // told to nobody here, so that a Hint() is due.
  bool SetQuietSince(std::optional<SteadyTime> quiet_since);

  // Refreshes a reading that is still FRESH but read often, if that takes nothing from others.
  void RefreshEarly();

  // Keeps the source read at this pace without any other caller, until Unwatch() with the same
  // value: a little before each reading has reached that age. What is read so goes behind what
  // somebody waits for.
  void Watch(WatchedAge max_age);
  void Unwatch(WatchedAge max_age);

  // A read wants the source, whether it is answered from what is known or not. Thread-safe.
  void NoteAsked(SteadyTime now);

  // Adds what FreshnessMeter has counted since the last call. To be called every kFreshnessCount or
  // so: of reads in between, the first one is noted and the others may not be.
  void AddFreshness(SteadyTime now, FreshnessByKind& times);
  static constexpr Duration kFreshnessCount = std::chrono::seconds(1);

  // Ends the running refresh and calls every waiter. No refresh starts afterwards. `on_idle` is
  // called once, as soon as no refresh runs and every waiter has been called, maybe before this
  // returns.
  void Stop(std::function<void()> on_idle = nullptr);

 private:
  struct Waiter {
    Waited how;
    ObservedSince since;
    OnEnd on_end;
  };
  // Waiters in the order in which their waits began.
  using Waiters = std::map<WaiterId, Waiter>;
  // The refresh that is to follow the running one.
  struct Successor {
    Waiters waiters;
    // What serves all who want it.
    ObservedSince since;
    // Whether it is wanted although nobody waits.
    bool background = false;
    // Whether a hint has asked for it.
    bool hinted = false;
    // Of the call that asked for it first.
    std::optional<TraceContext> trace;

    bool IsWanted() const { return background || !waiters.empty(); }
  };
  struct Flight {
    FetchProgress progress;
    // Sent although nobody waits.
    bool background = false;
    // Begun because of a hint.
    bool hinted = false;
    // Sent for those who watch, as long as there are any.
    bool watched = false;
    Waiters waiters;
    // A coroutine that is cancelled before it has begun makes Asio throw out of the loop.
    bool has_begun = false;
    boost::asio::cancellation_signal cancel;
  };

  // What there is while somebody watches.
  struct Watched {
    WatchPace pace;
    // What the latest refresh took.
    Duration took{0};
    // Fires when it is time to look at the source again.
    Alarm alarm;
  };

  // Plans the next look at a watched source, not before `earliest`.
  void PlanWatch(SteadyTime earliest = SteadyTime::min());
  void LookAfterWatched();
  // `since` is what serves all of them.
  void StartFlight(Waiters waiters, bool background, ObservedSince since,
                   const std::optional<TraceContext>& trace = std::nullopt);
  void StartSuccessor();
  // Whether the flight was sent `since`, or is not sent yet.
  static bool Serves(const Flight& flight, ObservedSince since);
  // One that is not sent yet has to serve this too.
  static void Join(Flight& flight, ObservedSince since);
  // Whether anybody wants what it will bring.
  static bool IsWanted(const Flight& flight);
  // What is newer than all that is known, and FRESH.
  ObservedSince NewerThanKnown() const;
  // What came without a refresh; see BalanceSource::Listen().
  void Hear(std::optional<Reading> reading);
  // Leaves those to the successor who joined the flight when it had been granted already, which
  // nobody here knew, at a time that is too early for them.
  void KeepUnserved(Flight& flight);
  // Moves those whom the reading serves to ending_.
  void TakeServed(Waiters& waiters);
  // Takes the rest of the work over if there is none under way.
  void EndWaitsSoon(bool is_posted);
  // Ends a flight that is not sent and that nobody wants any more; a later waiter starts another.
  void Abandon();
  // Ends a flight that waits for its turn and does not see that a failure forbids it by now;
  // another one, with the same waiters, is refused at once.
  void Restart();
  // Whether a failure forbids requests now.
  bool IsForbidden() const;
  void Cancel(std::shared_ptr<Flight> flight);
  boost::asio::awaitable<void> RunFlight(std::shared_ptr<Flight> flight);
  boost::asio::awaitable<Result<Reading>> FetchOnce(Flight& flight);
  void Land(Flight& flight, Result<Reading> result, Duration took);
  // Whether there is nothing new in it.
  bool IsKnown(const Result<Reading>& result) const;
  // `sent` is when the request that brought it was sent.
  void Accept(Reading reading, SteadyTime sent);
  // Tells the meter of the latest read that was noted.
  void CountAsked();
  // Tells the meter of those who watch.
  void CountWatched();
  // Tells the meter for how long the newest reading is FRESH, which may have changed.
  void NoteFreshness();
  // Returns whether that is news.
  bool CloseHint();
  // Sees to it that a refresh is sent from now on; returns how.
  HintResult AnswerHint(SteadyTime hinted_at);
  // Figures may have changed at `hinted_at`. Returns whether that is news.
  bool NoteOutdated(SteadyTime hinted_at);
  void NoteCurrencies(const Reading& reading);
  // `was_sent`: an attempt was made and failed; else the failure is an earlier one, still in force.
  // False if the status says so already.
  bool Fail(Error error, bool was_sent);
  SteadyTime AfterInterval() const;
  SteadyTime EarlyRefreshAt(const Reading& reading);
  // Ends the flight, starts its successor if one is wanted, and calls the waiters.
  void Finish();
  // Calls the first of those whose refresh has ended, and posts the rest of the work.
  void EndWaits();
  // One piece of work on the executor, a coroutine or a posted one, is over.
  void EndWork();

  LoopExecutor executor_;
  Clock& clock_;
  RefreshObserver& observer_;
  const Options options_;
  const std::unique_ptr<BalanceSource> source_;
  Random random_;
  const std::function<void()> on_change_;

  SourceStatus status_;
  // Joinable: never one that is being cancelled.
  std::shared_ptr<Flight> flight_;
  // Number of coroutines and posts that have not ended yet, those of abandoned flights included.
  int running_ = 0;
  Successor successor_;
  // The latest hint that a refresh is to answer.
  std::optional<SteadyTime> open_hint_;
  // Null while nobody watches.
  std::unique_ptr<Watched> watched_;
  // Waiters whose refresh has ended and who have not been called yet. A post is under way as long
  // as there are any.
  Waiters ending_;
  WaiterId next_waiter_ = 1;
  FreshnessMeter freshness_;
  // When a read was last noted; SteadyTime::min() if never. On any thread.
  std::atomic<SteadyTime> asked_at_ = SteadyTime::min();
  bool stopped_ = false;
  // Of Stop().
  std::function<void()> on_idle_;
};

}  // namespace balance
