#pragma once

// The way to an account from any thread.

#include <functional>
#include <memory>
#include <vector>

#include "service/feed/account_feed.h"
#include "service/feed/shard.h"

namespace balance {

// Withdraws one read. Thread-safe; a withdrawal that comes too late does nothing.
class ReadTicket {
 public:
  virtual ~ReadTicket() = default;
  virtual void Cancel() = 0;
};

// Somebody watches an account, for as long as this lives. Destroyed on any thread.
class AccountWatch {
 public:
  virtual ~AccountWatch() = default;
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

  // Keeps the account read for as long as the result lives. `terms` is kept by it, so that all who
  // want the same share one.
  virtual std::unique_ptr<AccountWatch> Watch(std::shared_ptr<const WatchTerms> terms) = 0;

  // See AccountFeed.
  virtual void RefreshEarly() = 0;

  // See AccountFeed. On the caller's thread.
  virtual void NoteAsked(const std::vector<bool>& wanted, SteadyTime now) = 0;

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
  std::unique_ptr<AccountWatch> Watch(std::shared_ptr<const WatchTerms> terms) override;
  void RefreshEarly() override;
  void NoteAsked(const std::vector<bool>& wanted, SteadyTime now) override;
  void PublishAging(std::function<void()> done) override;

 private:
  Shard& shard_;
  const std::shared_ptr<AccountFeed> account_;
};

}  // namespace balance
