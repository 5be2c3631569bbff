#pragma once

// Streams of WatchAccountSnapshots on a clock that the test moves, with accounts that the test
// publishes and a reader that takes messages when the test says so. No sockets, no threads.

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "proto/balance_v1.h"
#include "service/rpc/balance_rpc.h"
#include "service/snapshot/account_view.h"
#include "tests/support/fake_clock.h"

namespace balance {

using Message = v1::WatchAccountSnapshotsResponse;

// Counts what the streams tell.
class WatchCounts final : public RpcObserver {
 public:
  void OnStarted(RpcMethod) override { ++started; }
  void OnHandled(RpcMethod, StatusCode, Duration) override { ++handled; }
  void OnDenied(const AccessDenial&) override { ++denied; }
  void OnWatchBegun() override { ++begun; }
  void OnWatchEnded(WatchEnd why) override { ends.push_back(why); }
  void OnWatchMessage(WatchEvent, std::int64_t skipped_now) override {
    ++messages;
    skipped += skipped_now;
  }
  void OnWatchDelivered(Duration took) override { longest = std::max(longest, took); }

  int started = 0;
  int handled = 0;
  int denied = 0;
  int begun = 0;
  int messages = 0;
  std::int64_t skipped = 0;
  Duration longest{0};
  std::vector<WatchEnd> ends;
};

// A call of the method, and its reader. The reader takes each message at once unless it is paused:
// then one message fits into its window, and no other until it goes on.
class WatchCall final : public Call, private ServerStream {
 public:
  WatchCall(FakeClock& clock, std::string request) : clock_(clock), request_(std::move(request)) {}
  ~WatchCall() override;

  std::optional<SteadyTime> deadline() const override { return std::nullopt; }
  const Metadata& metadata() const override { return metadata_; }
  const PeerIdentity& identity() const override { return identity_; }
  std::string peer() const override { return {}; }
  std::string_view request() const override { return request_; }
  void Keep(std::unique_ptr<CallWork>) override { std::abort(); }
  void Finish(Response, CallStatus) override { std::abort(); }
  ServerStream& Open(std::unique_ptr<StreamHandler> handler) override {
    handler_ = std::move(handler);
    return *this;
  }

  // Lets the handler do what it is woken for and what is due. Called again until nothing happens.
  bool Run();
  void Pause() { is_paused_ = true; }
  void GoOn() { is_paused_ = false; }
  void Leave();
  void ShowCertificate(const std::string& uri) { identity_ = {true, {uri}, {}}; }
  void WithdrawCertificate() {
    identity_ = {};
    handler_->OnWake();
  }
  void ShowToken(const std::string& token) { metadata_.Add("authorization", "Bearer " + token); }

  // Messages that the reader has been sent and the test has not looked at; removes them.
  std::vector<Message> TakeMessages() { return std::exchange(messages_, {}); }
  // First bytes of the part that streams share, of each message.
  const std::vector<const void*>& shared() const { return shared_; }
  bool has_ended() const { return status_.has_value(); }
  const CallStatus& status() const { return *status_; }
  bool was_aborted() const { return was_aborted_; }
  bool outlives_connection() const { return outlives_connection_; }
  SteadyTime timer() const { return timer_; }
  // How often the handler asked to be told when it may write again.
  int asked_for_room() const { return asked_for_room_; }

 private:
  class Waker final : public StreamWaker {
   public:
    void Wake() override { is_due = true; }
    bool is_due = false;
  };

  bool CanWrite(std::size_t size) override;
  bool IsWriting() const override { return is_full_; }
  void Write(StreamMessage message) override;
  void Finish(CallStatus status) override { status_ = std::move(status); }
  void Abort(CallStatus status) override {
    was_aborted_ = true;
    status_ = std::move(status);
  }
  void SetTimer(SteadyTime when) override { timer_ = when; }
  void OutliveConnectionAge() override { outlives_connection_ = true; }
  std::shared_ptr<StreamWaker> waker() override { return waker_; }

  FakeClock& clock_;
  const std::string request_;
  Metadata metadata_;
  PeerIdentity identity_;
  std::unique_ptr<StreamHandler> handler_;
  const std::shared_ptr<Waker> waker_ = std::make_shared<Waker>();
  std::vector<Message> messages_;
  std::vector<const void*> shared_;
  std::optional<CallStatus> status_;
  SteadyTime timer_ = SteadyTime::max();
  bool is_paused_ = false;
  // A message is in the window of a reader that is paused.
  bool is_full_ = false;
  bool wants_writable_ = false;
  int asked_for_room_ = 0;
  bool was_aborted_ = false;
  bool outlives_connection_ = false;
};

class WatchFixture : public testing::Test {
 protected:
  static constexpr CacheSettings kCache{std::chrono::seconds(2), std::chrono::seconds(5),
                                        std::chrono::seconds(60), std::chrono::milliseconds(500)};

  ~WatchFixture() override;

  // Accounts have one source each, "real", unless the test names others.
  void AddAccount(const std::string& id, const std::vector<std::string>& sources = {"real"},
                  const std::string& epoch = "1");
  void RemoveAccount(const std::string& id);
  // Of the accounts that there are, to everybody or to these callers. Tells the streams.
  void Serve(std::vector<CallerRule> callers = {});

  // A reading of the account's source, observed now.
  void Read(const std::string& id, const std::string& cash, std::size_t source = 0);
  // The source could not be read.
  void Fail(const std::string& id, ErrorKind kind);
  // States that have aged are published.
  void Age(const std::string& id);
  std::int64_t NumberOf(const std::string& id) const;

  WatchCall& Watch(const v1::WatchAccountSnapshotsRequest& request = {});
  WatchCall& WatchWithToken(const std::string& token,
                            const v1::WatchAccountSnapshotsRequest& request = {});
  // The streams do what is due.
  void Run();
  // In steps at which something is due.
  void Advance(Duration by);

  static CallerRule Rule(const std::string& id, const std::string& token,
                         std::set<std::string, std::less<>> accounts);

  struct Account {
    std::shared_ptr<AccountPublisher> publisher;
    std::vector<SourceStatus> statuses;
  };

  FakeClock clock_;
  WatchCounts counts_;
  // Number of watchers of each account by now.
  std::map<std::string, int> watched_;
  std::map<std::string, Account> accounts_;
  WatchLimits limits_;
  std::size_t max_answer_size_ = std::numeric_limits<std::size_t>::max();
  Published<Served> served_;
  BalanceRpc rpc_{served_, clock_, counts_};
  std::deque<WatchCall> calls_;
};

// With two accounts.
class WatchStreamTest : public WatchFixture {
 protected:
  WatchStreamTest();

  // The paused reader takes messages again once both accounts are gone.
  void RemoveBothBeforeItGoesOn(WatchCall& call);
};

// ErrorInfo.reason of the status that a stream ended with, and whether it says when to come again.
std::string ReasonOf(const CallStatus& status);
bool HasRetryInfo(const CallStatus& status);

// Cash of the first source's first row.
std::string CashOf(const Message& message);

// A request for the accounts with these ids.
v1::WatchAccountSnapshotsRequest Named(const std::vector<std::string>& accounts);

}  // namespace balance
