#include "service/rpc/joint_answer.h"

#include <atomic>
#include <memory>
#include <utility>

namespace balance {
namespace {

class JointAnswer : public std::enable_shared_from_this<JointAnswer> {
 public:
  JointAnswer(const Clock& clock, std::vector<AskedAccount> accounts,
              std::vector<AccountAnswer> answers,
              std::function<void(std::vector<AccountAnswer>)> done)
      : clock_(clock),
        accounts_(std::move(accounts)),
        answers_(std::move(answers)),
        done_(std::move(done)) {}

  void Judge() {
    const Now now = clock_.Time();
    std::vector<std::shared_ptr<const AccountView>> views;
    views.reserve(accounts_.size());
    std::vector<AccountHandle*> aged;
    for (const AskedAccount& account : accounts_) {
      views.push_back(account.endpoint->publisher->Get());
      if (now.steady > views.back()->next_state_change) {
        aged.push_back(account.endpoint->handle.get());
      }
    }
    if (!aged.empty()) return PublishAging(aged);
    for (std::size_t i = 0; i < accounts_.size(); ++i) {
      AccountAnswer& answer = answers_[i];
      answer = ShowAccount(views[i]->statuses, *accounts_[i].read, std::move(answer.waited),
                           answer.asked, now);
      answer.revision = views[i]->revision.number;
    }
    done_(std::move(answers_));
  }

 private:
  void PublishAging(const std::vector<AccountHandle*>& aged) {
    // One more than the accounts: nothing is judged while some are still to be asked.
    open_ = aged.size() + 1;
    for (AccountHandle* handle : aged) {
      handle->PublishAging([self = shared_from_this()] { self->EndOne(); });
    }
    EndOne();
  }

  // Ages anew only what changes its state in these few microseconds, so this comes to an end.
  void EndOne() {
    if (open_.fetch_sub(1) == 1) Judge();
  }

  const Clock& clock_;
  const std::vector<AskedAccount> accounts_;
  std::vector<AccountAnswer> answers_;
  const std::function<void(std::vector<AccountAnswer>)> done_;
  std::atomic<std::size_t> open_ = 0;
};

}  // namespace

void JudgeTogether(const Clock& clock, std::vector<AskedAccount> accounts,
                   std::vector<AccountAnswer> answers,
                   std::function<void(std::vector<AccountAnswer>)> done) {
  std::make_shared<JointAnswer>(clock, std::move(accounts), std::move(answers), std::move(done))
      ->Judge();
}

}  // namespace balance
