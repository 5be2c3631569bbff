#pragma once

// An account's published snapshot.

#include <array>
#include <atomic>
#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/shared_bytes.h"
#include "clients/core/topic.h"
#include "service/feed/account_feed.h"
#include "service/snapshot/encode.h"
#include "service/snapshot/lazy_bytes.h"

namespace balance {

// Immutable.
struct AccountView {
  // State of each source, in configuration order.
  std::vector<SourceStatus> statuses;
  SnapshotRevision revision;
  // Time of the publication, for which the states hold.
  Now published;
  // Time until which it answers a request without bounds; a time before all others if a source is
  // not FRESH.
  SteadyTime fresh_until = SteadyTime::min();
  // The earliest observe time of the readings, on both clocks. Only if all sources are FRESH.
  Now oldest_observed;
  // Time from which on a state here may be out of date.
  SteadyTime next_state_change;
  // Time from which on the first reader should ask for an early refresh; later readers need not.
  SteadyTime early_refresh_at = SteadyTime::max();
  mutable std::atomic_flag early_refresh_asked;
  // Encoded snapshots, indexed by EncodeView.
  std::array<LazyBytes, 2> encodings;

  // The sources as shown to a reader who asks for all of them without bounds and never fetches, in
  // configuration order. They have no `retry_after`: the snapshot is read later than it is
  // published, and a delay in it would not count down.
  std::vector<SourceView> Shown() const;

  // The AccountSnapshot of Shown() without `serve_time` and RetryInfo. Encoded once, by the first
  // who wants it, and shared by all answers and streams that say the same. REQUIRES: there are
  // sources.
  const SharedBytes& Encoded(EncodeView detail) const;
};

// True if the encoded view is the answer to a request with these bounds for all sources.
bool Answers(const AccountView& view, const ReadBounds& bounds, Now now);

// Makes an AccountView of each change of an account. OnAccountChange() on the shard's thread;
// Get() from any thread.
class AccountPublisher final : public AccountSink {
 public:
  // `clock` must outlive the publisher. `epoch` tells this start of the service from others.
  AccountPublisher(std::string account, std::string epoch, const Clock& clock);

  std::int64_t OnAccountChange(const std::vector<SourceStatus>& sources) override;

  // Never null once the account's feed exists.
  std::shared_ptr<const AccountView> Get() const { return topic_.Get(); }

  // The account's views; its subscribers are told when the content changes, not when only times do.
  const Topic<AccountView>& topic() const { return topic_; }

  const std::string& account() const { return account_; }

 private:
  const std::string account_;
  const std::string epoch_;
  const Clock& clock_;
  // Content of the newest revision.
  std::vector<SourceView> content_;
  std::int64_t number_ = 0;
  Topic<AccountView> topic_;
};

}  // namespace balance
