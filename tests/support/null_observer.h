#pragma once

#include "service/feed/source_feed.h"

namespace balance {

// For tests that are not about what is observed.
class NullObserver final : public RefreshObserver {
 public:
  void OnRefresh(const SourceStatus&, const Result<Reading>&, Duration) override {}
};

}  // namespace balance
