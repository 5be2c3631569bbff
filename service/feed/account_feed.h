#pragma once

// The sources of one account and the reads that wait for them.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "clients/core/alarm.h"
#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/core/loop_executor.h"
#include "service/feed/account_answer.h"
#include "service/feed/answer_schedule.h"
#include "service/feed/source_feed.h"
#include "service/feed/source_status.h"

namespace balance {

// What one watcher wants of an account.
struct WatchTerms {
  // Whether each source is watched, in configuration order.
  std::vector<bool> wanted;
  // See WatchPace.
  WatchedAge max_age;

  bool operator==(const WatchTerms&) const = default;
};

// Receives each change of an account, on the shard's thread and before any reader hears of it.
class AccountSink {
 public:
  virtual ~AccountSink() = default;

  // `sources` in configuration order; valid during the call. Returns the number of the revision
  // that the account is at now.
  virtual std::int64_t OnAccountChange(const std::vector<SourceStatus>& sources) = 0;
};

// Used on its shard's thread only.
class AccountFeed {
 public:
  using ReadId = std::uint64_t;
  using OnAnswer = std::function<void(AccountAnswer)>;

  struct SourceSpec {
    SourceFeed::Options options;
    std::unique_ptr<BalanceSource> source;
    // Spreads the early refreshes.
    Random random = SeededRandom(0);
    // What is known of the source already; nullopt: nothing.
    std::optional<SourceStatus> known = std::nullopt;
  };

  // `schedule` is that of the executor's loop. It, `clock`, `observer` and `sink` must outlive the
  // feed. The sink is called once before the constructor returns.
  AccountFeed(LoopExecutor executor, Clock& clock, AnswerSchedule& schedule,
              RefreshObserver& observer, AccountSink& sink, std::vector<SourceSpec> sources);
  AccountFeed(const AccountFeed&) = delete;
  AccountFeed& operator=(const AccountFeed&) = delete;
  ~AccountFeed();

  // Calls `on_answer` exactly once, perhaps before it returns, unless Cancel() comes first. A slow
  // source costs the others nothing: by `answer_by`, when the schedule says so, each source shows
  // what is known of it. Without explicit bounds a stale reading is settled for after
  // kStalePatience.
  ReadId Read(AccountRead read, OnAnswer on_answer);

  // Forgets a read; unknown and ended ids are fine.
  void Cancel(ReadId id);

  // A reader met a snapshot in which a reading is about to age: refreshes those ahead of time, as
  // far as that takes nothing from others.
  void RefreshEarly();

  // A read wants these sources, in configuration order, and is answered from what is known.
  // Thread-safe.
  void NoteAsked(const std::vector<bool>& wanted, SteadyTime now);

  // See SourceFeed.
  void AddFreshness(SteadyTime now, FreshnessByKind& times);

  // Keeps the sources read until Unwatch() with equal terms; see SourceFeed.
  void Watch(const WatchTerms& terms);
  void Unwatch(const WatchTerms& terms);

  // Of the source at that place of the configuration; see SourceFeed.
  HintResult Hint(std::size_t source) { return feeds_[source]->Hint(); }
  bool SetQuietSince(std::size_t source, std::optional<SteadyTime> quiet_since) {
    return feeds_[source]->SetQuietSince(quiet_since);
  }

  // Tells the sink of states that have aged since it was told last.
  void PublishAging() { PublishAging(clock_.SteadyNow()); }

  // Ends all refreshes and answers all reads with what is known. `on_stopped` is posted when no
  // refresh runs any more: then the feed may be destroyed. REQUIRES: called at most once with it.
  void Stop(std::function<void()> on_stopped = nullptr);

 private:
  class PendingRead;

  std::vector<SourceStatus> Statuses() const;
  void Publish();
  void PublishAging(SteadyTime now);

  LoopExecutor executor_;
  Clock& clock_;
  AnswerSchedule& schedule_;
  AccountSink& sink_;
  std::vector<std::unique_ptr<SourceFeed>> feeds_;
  // Fires at next_change_, when a published state ages into another.
  Alarm aging_;
  SteadyTime next_change_ = SteadyTime::max();
  std::int64_t revision_ = 0;
  // No hash map, which keeps buckets for good: mostly none is under way.
  std::map<ReadId, std::shared_ptr<PendingRead>> reads_;
  ReadId next_read_ = 1;
  bool stopped_ = false;
  // Feeds that still run a refresh after Stop().
  std::size_t stopping_ = 0;
};

}  // namespace balance
