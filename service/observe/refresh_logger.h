#pragma once

// Logs when a source begins to fail, fails otherwise, and recovers, not each failure again; a
// warning of a reading when it appears; and a clock that is so far off that requests will soon be
// rejected.

#include <mutex>
#include <set>
#include <string>

#include "service/feed/source_feed.h"

namespace balance {

// A decorator; `next` must outlive it. On the shards' threads.
class RefreshLogger final : public RefreshObserver {
 public:
  explicit RefreshLogger(RefreshObserver& next) : next_(next) {}

  void OnRefresh(const SourceStatus& before, const Result<Reading>& result, Duration took) override;
  void OnRefusal(const SourceStatus& before, const Error& why) override;
  void OnDropped(const SourceStatus& known) override;

 private:
  void LogSkew(const SourceStatus& source, const std::string& name);

  RefreshObserver& next_;
  // Full names of the sources whose upstream's clock is far from ours. Shards have their own.
  std::mutex mutex_;
  std::set<std::string> skewed_;
};

}  // namespace balance
