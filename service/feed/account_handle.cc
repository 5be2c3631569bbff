#include "service/feed/account_handle.h"

#include <atomic>
#include <utility>

namespace balance {
namespace {

// Its fields are touched on the shard's thread only, apart from is_cancelled_.
class ShardReadTicket final : public ReadTicket,
                              public std::enable_shared_from_this<ShardReadTicket> {
 public:
  ShardReadTicket(Shard& shard, std::shared_ptr<AccountFeed> account,
                  std::function<void()> on_cancel)
      : shard_(shard), account_(std::move(account)), on_cancel_(std::move(on_cancel)) {}

  void Start(AccountRead read, AccountFeed::OnAnswer on_answer) {
    shard_.Post([self = shared_from_this(), read = std::move(read),
                 on_answer = std::move(on_answer)]() mutable {
      self->Run(std::move(read), std::move(on_answer));
    });
  }

  void Cancel() override {
    is_cancelled_ = true;
    shard_.Post([self = shared_from_this()] {
      if (self->ended_) return;
      self->ended_ = true;
      self->account_->Cancel(self->id_);
      self->on_cancel_();
    });
  }

 private:
  void Run(AccountRead read, AccountFeed::OnAnswer on_answer) {
    // The cancellation is on its way here: no refresh is started for somebody who has left.
    if (is_cancelled_) return;
    id_ = account_->Read(std::move(read), [self = shared_from_this(),
                                           on_answer = std::move(on_answer)](AccountAnswer answer) {
      self->ended_ = true;
      on_answer(std::move(answer));
    });
  }

  Shard& shard_;
  const std::shared_ptr<AccountFeed> account_;
  const std::function<void()> on_cancel_;
  AccountFeed::ReadId id_ = 0;
  bool ended_ = false;
  std::atomic<bool> is_cancelled_ = false;
};

}  // namespace

std::shared_ptr<ReadTicket> ShardAccountHandle::Read(AccountRead read, OnAnswer on_answer,
                                                     std::function<void()> on_cancel) {
  auto ticket = std::make_shared<ShardReadTicket>(shard_, account_, std::move(on_cancel));
  ticket->Start(std::move(read), std::move(on_answer));
  return ticket;
}

void ShardAccountHandle::Watch(std::shared_ptr<const WatchTerms> terms) {
  shard_.Post([account = account_, terms = std::move(terms)] { account->Watch(*terms); });
}

void ShardAccountHandle::Unwatch(std::shared_ptr<const WatchTerms> terms) {
  shard_.Post([account = account_, terms = std::move(terms)] { account->Unwatch(*terms); });
}

void ShardAccountHandle::RefreshEarly() {
  shard_.Post([account = account_] { account->RefreshEarly(); });
}

void ShardAccountHandle::NoteAsked(const std::vector<bool>& wanted, SteadyTime now) {
  account_->NoteAsked(wanted, now);
}

void ShardAccountHandle::PublishAging(std::function<void()> done) {
  shard_.Dispatch([account = account_, done = std::move(done)] {
    account->PublishAging();
    done();
  });
}

}  // namespace balance
