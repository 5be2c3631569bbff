#pragma once

// The way to an account from any thread.

#include <functional>
#include <memory>

#include "service/feed/account_feed.h"
#include "service/feed/shard.h"

namespace balance {

// Withdraws one read. Thread-safe; a withdrawal that comes too late does nothing.
class ReadTicket {
 public:
  virtual ~ReadTicket() = default;
  virtual void Cancel() = 0;
};

// Thread-safe.
class AccountHandle {
 public:
  using OnAnswer = AccountFeed::OnAnswer;

  virtual ~AccountHandle() = default;

  // Calls `on_answer` exactly once, on the account's shard, unless the ticket is cancelled first;
  // a cancelled read calls `on_cancel` once instead.
  virtual std::shared_ptr<ReadTicket> Read(AccountRead read, OnAnswer on_answer,
                                           std::function<void()> on_cancel) = 0;

  // See AccountFeed.
  virtual void RefreshEarly() = 0;

  // Publishes the account's states as they are by now, then calls `done` on the account's shard:
  // before this returns if it is called there.
  virtual void PublishAging(std::function<void()> done) = 0;
};

// Crosses to the shard with a post. Tickets and posts keep the account alive; `shard` must outlive
// them all.
class ShardAccountHandle final : public AccountHandle {
 public:
  ShardAccountHandle(Shard& shard, std::shared_ptr<AccountFeed> account)
      : shard_(shard), account_(std::move(account)) {}

  std::shared_ptr<ReadTicket> Read(AccountRead read, OnAnswer on_answer,
                                   std::function<void()> on_cancel) override;
  void RefreshEarly() override;
  void PublishAging(std::function<void()> done) override;

 private:
  Shard& shard_;
  const std::shared_ptr<AccountFeed> account_;
};

}  // namespace balance
