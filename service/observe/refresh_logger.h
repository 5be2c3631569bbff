#pragma once

// Logs when a source begins to fail, fails otherwise, and recovers, not each failure again; a
// warning of a reading when it appears; a clock that is so far off that requests will soon be
// rejected; and a new credential that the upstream rejects while the one before serves. A first
// reading is logged as well, but not thousands of them: see LineBudget.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/mutex.h"
#include "service/feed/source_feed.h"
#include "service/observe/line_budget.h"

namespace balance {

// A decorator; `next` must outlive it. Called on the shards' threads.
class RefreshLogger final : public RefreshObserver {
 public:
  // `clock` must outlive it too.
  RefreshLogger(RefreshObserver& next, const Clock& clock);
  RefreshLogger(const RefreshLogger&) = delete;
  RefreshLogger& operator=(const RefreshLogger&) = delete;
  ~RefreshLogger() override;

  void OnRefresh(const SourceStatus& before, const Result<Reading>& result, Duration took) override;
  void OnRefusal(const SourceStatus& before, const Error& why) override;
  void OnShared(const SourceStatus& before, const Result<Reading>& result) override;
  void OnDropped(const SourceStatus& known) override;
  void OnFreshness(SourceKind kind, const FreshnessTimes& times) override;

  // Forgets what it knows of sources whose full names are not among `names`, after a
  // configuration that removed some: one that comes back is new. A refresh of a removed source that
  // ends later leaves nothing behind. On any thread.
  void KeepOnly(const std::unordered_set<std::string>& names);

 private:
  void LogResult(const SourceStatus& before, const Result<Reading>& result);
  void LogFirstReading(const SourceInfo& source);
  static void LogLeftOut(std::uint64_t lines);
  void LogPath(const SourceStatus& source);
  void LogSkew(Duration skew, const std::string& name) BALANCE_REQUIRES(mutex_);
  void LogPreviousCredential(bool is_used, const std::string& name) BALANCE_REQUIRES(mutex_);

  RefreshObserver& next_;
  const Clock& clock_;
  Mutex mutex_;
  LineBudget first_readings_ BALANCE_GUARDED_BY(mutex_);
  // Hashes of the full names of the configured sources, in order; unset before the first
  // KeepOnly(). The names would take ten times as much memory, and two with one hash do no harm:
  // something is remembered of a source that was removed.
  std::optional<std::vector<std::size_t>> configured_ BALANCE_GUARDED_BY(mutex_);
  // Full names of the sources whose upstream's clock is far from ours. Shards have their own.
  std::set<std::string> skewed_ BALANCE_GUARDED_BY(mutex_);
  // Full names of the sources whose new credential is rejected.
  std::set<std::string> on_previous_ BALANCE_GUARDED_BY(mutex_);
};

}  // namespace balance
