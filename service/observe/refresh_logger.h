#pragma once

// Logs when a source begins to fail, fails otherwise, and recovers; not each failure again.

#include "service/feed/source_feed.h"

namespace balance {

// A decorator; `next` must outlive it. On the shards' threads.
class RefreshLogger final : public RefreshObserver {
 public:
  explicit RefreshLogger(RefreshObserver& next) : next_(next) {}

  void OnRefresh(const SourceStatus& before, const Result<Reading>& result, Duration took) override;

 private:
  RefreshObserver& next_;
};

}  // namespace balance
