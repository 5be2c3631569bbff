#include "tests/integration/matrix/resuming_watcher.h"

#include <algorithm>
#include <utility>

#include "clients/balancectl/time_text.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// Pauses before a call that no goodbye has planned.
constexpr milliseconds kFirstPause(200);
constexpr milliseconds kLongestPause(5000);

}  // namespace

void WatchFindings::AddWrong(std::string what) {
  const MutexLock lock(mutex_);
  wrong_.push_back(std::move(what));
}

void WatchFindings::OnEnd(const grpc::Status& status) {
  const MutexLock lock(mutex_);
  ++ends_[status.error_code()];
}

std::vector<std::string> WatchFindings::wrong() const {
  const MutexLock lock(mutex_);
  return wrong_;
}

std::map<int, int> WatchFindings::ends() const {
  const MutexLock lock(mutex_);
  return ends_;
}

// One call. gRPC is done with it once OnDone() has come.
class ResumingWatcher::Attempt final : public grpc::ClientReadReactor<Message> {
 public:
  explicit Attempt(ResumingWatcher& owner) : owner_(owner) {}

  void Begin() {
    owner_.stub_.async()->WatchAccountSnapshots(&context_, &owner_.request_, this);
    StartRead(&message_);
    StartCall();
  }
  void Cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    owner_.OnMessage(message_);
    StartRead(&message_);
  }
  void OnDone(const grpc::Status& status) override { owner_.OnEnd(status); }

 private:
  ResumingWatcher& owner_;
  grpc::ClientContext context_;
  Message message_;
};

ResumingWatcher::ResumingWatcher(v1::BalanceService::Stub& stub,
                                 const v1::WatchAccountSnapshotsRequest& request,
                                 WatchFindings& findings, unsigned seed)
    : stub_(stub), request_(request), findings_(findings), random_(seed), pause_(kFirstPause) {
  Call();
}

ResumingWatcher::~ResumingWatcher() {
  const MutexLock lock(mutex_);
  is_stopped_ = true;
  if (const auto attempt = attempt_) attempt->Cancel();
  if (alarm_) alarm_->Cancel();
  has_ended_.Wait(mutex_, [this]() BALANCE_REQUIRES(mutex_) { return is_over_; });
}

std::string ResumingWatcher::Cash(const std::string& account, const std::string& source) const {
  const MutexLock lock(mutex_);
  const v1::AccountSnapshot* const snapshot = view_.Find(account);
  if (!snapshot) return {};
  for (const auto& each : snapshot->sources()) {
    if (each.name() == source && each.balance_set().balances_size() > 0) {
      return each.balance_set().balances(0).cash().value();
    }
  }
  return {};
}

void ResumingWatcher::Call() {
  std::shared_ptr<Attempt> attempt;
  {
    const MutexLock lock(mutex_);
    if (is_stopped_) {
      is_over_ = true;
      return has_ended_.NotifyAll();
    }
    view_.OnBegin();
    judge_ = {};
    attempt = attempt_ = std::make_shared<Attempt>(*this);
  }
  // gRPC may call back from here.
  attempt->Begin();
}

void ResumingWatcher::OnMessage(const Message& message) {
  const MutexLock lock(mutex_);
  pause_ = kFirstPause;
  if (message.has_goodbye()) {
    reconnect_after_ = ctl::ToNanoseconds(message.goodbye().reconnect_after());
    is_watching_ = false;
  }
  if (message.has_heartbeat()) is_watching_ = true;
  for (std::string& wrong : judge_.Judge(message)) findings_.AddWrong(std::move(wrong));
  view_.Apply(message, std::chrono::system_clock::now());
  JudgeView();
}

void ResumingWatcher::JudgeView() {
  for (const std::string& account : request_.names()) {
    const v1::AccountSnapshot* const snapshot = view_.Find(account);
    if (!snapshot) continue;
    for (const auto& source : snapshot->sources()) {
      ctl::WallTime& newest = shown_[source.name()];
      if (!source.has_freshness()) {
        if (newest != ctl::WallTime()) findings_.AddWrong("a reading was lost: " + source.name());
        continue;
      }
      const ctl::WallTime time = ctl::ToWallTime(source.freshness().observe_time());
      if (time < newest) findings_.AddWrong("the client shows an older time: " + source.name());
      newest = std::max(newest, time);
    }
  }
}

void ResumingWatcher::OnEnd(const grpc::Status& status) {
  is_watching_ = false;
  const MutexLock lock(mutex_);
  // Only now nobody uses it any more.
  if (is_stopped_) {
    is_over_ = true;
    return has_ended_.NotifyAll();
  }
  findings_.OnEnd(status);
  nanoseconds pause(
      std::uniform_int_distribution<nanoseconds::rep>(0, nanoseconds(pause_).count())(random_));
  if (const auto told = std::exchange(reconnect_after_, std::nullopt)) pause = *told;
  pause_ = std::min(2 * pause_, kLongestPause);
  alarm_ = std::make_unique<grpc::Alarm>();
  alarm_->Set(std::chrono::system_clock::now() + pause, [this](bool) { Call(); });
}

}  // namespace balance
