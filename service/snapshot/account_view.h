#pragma once

// An account's published snapshot.

#include <atomic>
#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/first_use_bytes.h"
#include "clients/core/published.h"
#include "clients/core/shared_bytes.h"
#include "service/feed/account_feed.h"
#include "service/snapshot/encode.h"

namespace balance {

// Immutable, but for bytes that the first reader makes.
struct AccountView {
  // In configuration order.
  std::vector<SourceStatus> statuses;
  SnapshotRevision revision;
  // Until when the bytes answer a request without bounds; before any time if a source is not FRESH:
  // such a snapshot is made for each answer.
  SteadyTime fresh_until = SteadyTime::min();
  // The earliest observe time of the readings, on both clocks. Only if all sources are FRESH.
  Now oldest_observed;
  // From when on a state here is out of date.
  SteadyTime next_state_change;
  // From when on a reader should ask for an early refresh, the first one only.
  SteadyTime early_refresh_at = SteadyTime::max();
  mutable std::atomic_flag early_refresh_asked;
  // Of these sources while all are FRESH: an AccountSnapshot in the FULL view, outcome HIT, without
  // `serve_time` and RetryInfo.
  FirstUseBytes encoded;
};

// The bytes of `view.encoded`. Whoever asks first makes them: many a view is replaced before it is
// read. REQUIRES: there are sources, and `now` is not past `fresh_until`.
SharedBytes EncodedBytes(const AccountView& view, Now now);

// Whether EncodedBytes() is the answer to a request with these bounds for all sources.
bool Answers(const AccountView& view, const ReadBounds& bounds, Now now);

// Makes an AccountView of each change of an account. OnAccountChange() on the shard's thread;
// Get() from any thread.
class AccountPublisher final : public AccountSink {
 public:
  // `clock` must outlive the publisher. `epoch` tells this start of the service from others.
  AccountPublisher(std::string account, std::string epoch, const Clock& clock);

  std::int64_t OnAccountChange(const std::vector<SourceStatus>& sources) override;

  // Never null once the account's feed exists.
  std::shared_ptr<const AccountView> Get() const { return published_.Get(); }

  const std::string& account() const { return account_; }

 private:
  const std::string account_;
  const std::string epoch_;
  const Clock& clock_;
  // What the newest revision says.
  std::vector<SourceView> content_;
  std::int64_t number_ = 0;
  Published<AccountView> published_;
};

}  // namespace balance
