#pragma once

// The way to an account from any thread.

#include <functional>
#include <memory>
#include <utility>
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

// Thread-safe.
class AccountHandle {
 public:
  using OnAnswer = AccountFeed::OnAnswer;

  virtual ~AccountHandle() = default;

  // Calls `on_answer` exactly once, on the account's shard, unless the ticket is cancelled first;
  // a cancelled read calls `on_cancel` once instead.
  virtual std::shared_ptr<ReadTicket> Read(AccountRead read, OnAnswer on_answer,
                                           std::function<void()> on_cancel) = 0;

  // Keeps the account read until Unwatch() with the same terms; see AccountWatch, which is what to
  // use.
  virtual void Watch(std::shared_ptr<const WatchTerms> terms) = 0;
  virtual void Unwatch(std::shared_ptr<const WatchTerms> terms) = 0;

  // See AccountFeed.
  virtual void RefreshEarly() = 0;

  // See AccountFeed. On the caller's thread.
  virtual void NoteAsked(const std::vector<bool>& wanted, SteadyTime now) = 0;

  // Publishes the account's states as they are by now, then calls `done` on the account's shard:
  // before this returns if it is called there.
  virtual void PublishAging(std::function<void()> done) = 0;
};

// Keeps an account read for as long as it lives. A value type that moves; used on any thread.
class AccountWatch {
 public:
  // Of no account.
  AccountWatch() = default;
  // Those who want the same of an account share `terms`.
  AccountWatch(std::shared_ptr<AccountHandle> account, std::shared_ptr<const WatchTerms> terms)
      : account_(std::move(account)), terms_(std::move(terms)) {
    account_->Watch(terms_);
  }
  AccountWatch(AccountWatch&& other) noexcept = default;
  AccountWatch& operator=(AccountWatch&& other) noexcept {
    std::swap(account_, other.account_);
    std::swap(terms_, other.terms_);
    return *this;
  }
  AccountWatch(const AccountWatch&) = delete;
  AccountWatch& operator=(const AccountWatch&) = delete;
  ~AccountWatch() {
    if (account_) account_->Unwatch(std::move(terms_));
  }

  // Null if it is of no account.
  const std::shared_ptr<const WatchTerms>& terms() const { return terms_; }

 private:
  std::shared_ptr<AccountHandle> account_;
  std::shared_ptr<const WatchTerms> terms_;
};

// Crosses to the shard with a post. Tickets and posts keep the account alive; `shard` must outlive
// them all.
class ShardAccountHandle final : public AccountHandle {
 public:
  ShardAccountHandle(Shard& shard, std::shared_ptr<AccountFeed> account)
      : shard_(shard), account_(std::move(account)) {}

  std::shared_ptr<ReadTicket> Read(AccountRead read, OnAnswer on_answer,
                                   std::function<void()> on_cancel) override;
  void Watch(std::shared_ptr<const WatchTerms> terms) override;
  void Unwatch(std::shared_ptr<const WatchTerms> terms) override;
  void RefreshEarly() override;
  void NoteAsked(const std::vector<bool>& wanted, SteadyTime now) override;
  void PublishAging(std::function<void()> done) override;

 private:
  Shard& shard_;
  const std::shared_ptr<AccountFeed> account_;
};

}  // namespace balance
