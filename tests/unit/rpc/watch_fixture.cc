#include "tests/unit/rpc/watch_fixture.h"

#include <sodium.h>

#include <utility>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/support/fake_source.h"

namespace balance {
namespace {

// Counts who watches.
class CountingHandle final : public AccountHandle {
 public:
  CountingHandle(std::string id, std::map<std::string, int>& watched)
      : id_(std::move(id)), watched_(watched) {}

  std::shared_ptr<ReadTicket> Read(AccountRead, OnAnswer, std::function<void()>) override {
    std::abort();
  }
  void Watch(std::shared_ptr<const WatchTerms>) override { ++watched_[id_]; }
  void Unwatch(std::shared_ptr<const WatchTerms>) override { --watched_[id_]; }
  void RefreshEarly() override {}
  void NoteAsked(const std::vector<bool>&, SteadyTime) override {}
  void PublishAging(std::function<void()> done) override { done(); }

 private:
  const std::string id_;
  std::map<std::string, int>& watched_;
};

}  // namespace

WatchCall::~WatchCall() {
  if (handler_ && !status_) handler_->OnCallerLeft();
}

bool WatchCall::CanWrite(std::size_t) {
  if (!is_full_) return true;
  wants_writable_ = true;
  ++asked_for_room_;
  return false;
}

void WatchCall::Write(StreamMessage message) {
  std::string bytes;
  for (const auto part : {message.head(), message.body(), message.tail()}) {
    bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
  }
  EXPECT_FALSE(is_full_);
  EXPECT_FALSE(status_);
  EXPECT_TRUE(messages_.emplace_back().ParseFromString(bytes));
  shared_.push_back(message.shared_body().data());
  // It leaves when the handler has done its work.
  is_full_ = true;
}

bool WatchCall::Run() {
  if (!handler_ || status_) return false;
  if (is_full_ && !is_paused_) {
    is_full_ = false;
    if (std::exchange(wants_writable_, false)) handler_->OnWritable();
    return true;
  }
  if (std::exchange(waker_->is_due, false)) {
    handler_->OnWake();
    return true;
  }
  if (timer_ <= clock_.SteadyNow()) {
    timer_ = SteadyTime::max();
    handler_->OnTimer();
    return true;
  }
  return false;
}

void WatchCall::Leave() {
  handler_->OnCallerLeft();
  handler_.reset();
}

WatchFixture::~WatchFixture() = default;

void WatchFixture::AddAccount(const std::string& id, const std::vector<std::string>& sources,
                              const std::string& epoch) {
  Account& account = accounts_[id];
  account.publisher = std::make_shared<AccountPublisher>(id, epoch, clock_);
  account.statuses.clear();
  for (const std::string& source : sources) {
    auto info = std::make_shared<SourceInfo>();
    info->account = id;
    info->source = source;
    info->pool = source;
    info->cache = kCache;
    info->measures = {Measure::kCash};
    account.statuses.emplace_back().info = std::move(info);
  }
  account.publisher->OnAccountChange(account.statuses);
}

void WatchFixture::RemoveAccount(const std::string& id) { accounts_.erase(id); }

void WatchFixture::Serve(std::vector<CallerRule> callers) {
  auto served = std::make_shared<Served>();
  for (const auto& [id, account] : accounts_) {
    served->accounts.Add(id, {account.publisher, std::make_shared<CountingHandle>(id, watched_)});
  }
  served->access = AccessRules(std::move(callers));
  served->max_answer_size = max_answer_size_;
  served->watch = limits_;
  if (const auto before = served_.Get()) NoteReplaced(*before, *served);
  served_.Publish(std::move(served));
  rpc_.OnServed();
}

void WatchFixture::Read(const std::string& id, const std::string& cash, std::size_t source) {
  Account& account = accounts_.at(id);
  SourceStatus& status = account.statuses[source];
  status.failure = nullptr;
  status.last_attempt = clock_.SteadyNow();
  status.reading =
      std::make_shared<const Reading>(MakeReading(cash, clock_.WallNow(), clock_.SteadyNow()));
  account.publisher->OnAccountChange(account.statuses);
}

void WatchFixture::Fail(const std::string& id, ErrorKind kind) {
  Account& account = accounts_.at(id);
  auto failure = std::make_shared<SourceFailure>();
  failure->error = {kind, "it did not answer"};
  account.statuses.front().failure = std::move(failure);
  account.statuses.front().last_attempt = clock_.SteadyNow();
  account.publisher->OnAccountChange(account.statuses);
}

void WatchFixture::Age(const std::string& id) {
  Account& account = accounts_.at(id);
  account.publisher->OnAccountChange(account.statuses);
}

std::int64_t WatchFixture::NumberOf(const std::string& id) const {
  return accounts_.at(id).publisher->Get()->revision.number;
}

WatchCall& WatchFixture::Watch(const v1::WatchAccountSnapshotsRequest& request) {
  WatchCall& call = calls_.emplace_back(clock_, request.SerializeAsString());
  rpc_.Handle(RpcMethod::kWatchAccountSnapshots, call);
  return call;
}

WatchCall& WatchFixture::WatchWithToken(const std::string& token,
                                        const v1::WatchAccountSnapshotsRequest& request) {
  WatchCall& call = calls_.emplace_back(clock_, request.SerializeAsString());
  call.ShowToken(token);
  rpc_.Handle(RpcMethod::kWatchAccountSnapshots, call);
  return call;
}

void WatchFixture::Run() {
  for (bool is_busy = true; is_busy;) {
    is_busy = false;
    for (WatchCall& call : calls_) is_busy = call.Run() || is_busy;
  }
}

void WatchFixture::Advance(Duration by) {
  const SteadyTime end = clock_.SteadyNow() + by;
  Run();
  for (;;) {
    SteadyTime next = end;
    for (const WatchCall& call : calls_) {
      if (!call.has_ended()) next = std::min(next, call.timer());
    }
    clock_.Advance(std::max(next - clock_.SteadyNow(), Duration::zero()));
    Run();
    if (clock_.SteadyNow() >= end) return;
  }
}

CallerRule WatchFixture::Rule(const std::string& id, const std::string& token,
                              std::set<std::string, std::less<>> accounts) {
  CallerRule rule;
  rule.id = id;
  BearerTokens tokens;
  TokenHash& hash = tokens.hashes.emplace_back();
  crypto_hash_sha256(hash.sha256.data(), reinterpret_cast<const unsigned char*>(token.data()),
                     token.size());
  rule.identity = std::move(tokens);
  rule.all_accounts = accounts.empty();
  rule.accounts = std::move(accounts);
  rule.methods.set();
  return rule;
}

WatchStreamTest::WatchStreamTest() {
  AddAccount("desk-1");
  AddAccount("desk-2");
}

void WatchStreamTest::RemoveBothBeforeItGoesOn(WatchCall& call) {
  RemoveAccount("desk-1");
  RemoveAccount("desk-2");
  Serve();
  Run();
  call.GoOn();
  Run();
}

std::string ReasonOf(const CallStatus& status) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  EXPECT_TRUE(details.ParseFromString(status.details));
  for (const auto& any : details.details()) any.UnpackTo(&info);
  return info.reason();
}

bool HasRetryInfo(const CallStatus& status) {
  google::rpc::Status details;
  google::rpc::RetryInfo retry;
  EXPECT_TRUE(details.ParseFromString(status.details));
  for (const auto& any : details.details()) {
    if (any.UnpackTo(&retry)) return true;
  }
  return false;
}

std::string CashOf(const Message& message) {
  return message.snapshot().sources(0).balance_set().balances(0).cash().value();
}

v1::WatchAccountSnapshotsRequest Named(const std::vector<std::string>& accounts) {
  v1::WatchAccountSnapshotsRequest request;
  for (const std::string& account : accounts) request.add_names("accounts/" + account);
  return request;
}

}  // namespace balance
