#pragma once

// What was held, and since when.

#include <deque>
#include <string>
#include <vector>

#include "clients/core/clock.h"

namespace balance::sandbox {

// What a balance request of a wallet was answered with from `since` on, until the next entry.
struct HistoryEntry {
  WallTime since;
  std::string body;
};

// Used on the sandbox's loop only.
class History {
 public:
  // Does nothing if `body` is what the newest entry has. Keeps the newest 10,000.
  void Add(WallTime since, std::string body) {
    if (!entries_.empty() && entries_.back().body == body) return;
    entries_.push_back({since, std::move(body)});
    if (entries_.size() > kMaxEntries) entries_.pop_front();
  }

  // Oldest first.
  std::vector<HistoryEntry> entries() const { return {entries_.begin(), entries_.end()}; }

 private:
  static constexpr std::size_t kMaxEntries = 10'000;

  std::deque<HistoryEntry> entries_;
};

}  // namespace balance::sandbox
