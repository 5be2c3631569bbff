#include "tests/soak/watching_clients.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <utility>

#include "clients/balancectl/time_text.h"
#include "clients/core/mutex.h"
#include "tests/soak/judge.h"
#include "tests/soak/soak_run.h"
#include "tests/support/stream_judge.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;
using Message = v1::WatchAccountSnapshotsResponse;

constexpr int kClientsOfAKind = 5;
constexpr seconds kHeartbeatInterval(2);
// Two intervals and a second, as README.md has it.
constexpr seconds kLongestSilence = 2 * kHeartbeatInterval + seconds(1);
constexpr milliseconds kLongestPause(500);
// Longer than a server waits for a slow reader.
constexpr std::uint64_t kLongestStallMilliseconds = 40'000;

}  // namespace

// Used on one thread, but for the functions that say otherwise.
class WatchingClients::Client {
 public:
  Client(WatchingClients& owner, Kind kind, std::uint64_t seed)
      : owner_(owner), kind_(kind), random_(seed) {}

  void Run() {
    while (!owner_.is_stopped_) {
      Follow();
      Pause();
    }
  }

  // Thread-safe.
  void Cancel() {
    const MutexLock lock(mutex_);
    if (context_) context_->TryCancel();
  }
  // Thread-safe.
  bool Shows(const std::function<bool(const ctl::WatchView&)>& is_right) const {
    const MutexLock lock(mutex_);
    return is_right(view_);
  }

 private:
  // The figures of a source that the stream has told last.
  struct Told {
    sandbox::Side side;
    CashByCurrency cash;
  };

  void Follow() {
    {
      const MutexLock lock(mutex_);
      context_ = std::make_unique<grpc::ClientContext>();
      view_.OnBegin();
      if (owner_.is_stopped_) context_->TryCancel();
    }
    judge_ = {};
    told_.clear();
    ++owner_.streams_;
    if (kind_ == Kind::kLeaving) {
      context_->set_deadline(system_clock::now() + milliseconds(random_() % 8000));
    }
    const auto reader = owner_.stub_.WatchAccountSnapshots(context_.get(), Request());
    auto heard = steady_clock::now();
    for (Message message; reader->Read(&message); heard = steady_clock::now()) {
      if (steady_clock::now() - heard > kLongestSilence) Wrong("a stream was silent for too long");
      Take(message);
      if (kind_ == Kind::kStalling && random_() % 40 == 0) Stall();
    }
    JudgeEnd(reader->Finish());
    owner_.skipped_ += judge_.skipped();
  }

  v1::WatchAccountSnapshotsRequest Request() {
    v1::WatchAccountSnapshotsRequest request;
    request.mutable_heartbeat_interval()->set_seconds(kHeartbeatInterval.count());
    if (kind_ == Kind::kSpaced)
      request.mutable_min_interval()->set_seconds(1 + static_cast<std::int64_t>(random_() % 3));
    return request;
  }

  void Wrong(const std::string& what) { owner_.log_.AddWrong({what}); }

  void Take(const Message& message) {
    owner_.log_.AddWrong(judge_.Judge(message));
    for (const auto& source : message.snapshot().sources()) {
      if (!source.has_balance_set()) continue;
      told_[source.name()] = {SideOf(source), CashShown(source)};
      Add(source.name(), source.freshness().observe_time(), source.freshness().receive_time());
    }
    // That nothing has changed until then.
    for (const auto& source : message.heartbeat().sources()) {
      Add(source.name(), source.observe_time(), message.serve_time());
    }
    owner_.snapshots_ += message.has_snapshot() ? 1 : 0;
    owner_.heartbeats_ += message.has_heartbeat() ? 1 : 0;
    owner_.removed_ += message.removed().empty() ? 0 : 1;
    if (message.has_goodbye()) {
      ++owner_.goodbyes_;
      reconnect_after_ = ctl::ToNanoseconds(message.goodbye().reconnect_after());
    }
    const MutexLock lock(mutex_);
    view_.Apply(message, system_clock::now());
  }

  void Add(const std::string& source, const google::protobuf::Timestamp& from,
           const google::protobuf::Timestamp& until) {
    const auto told = told_.find(source);
    if (told == told_.end()) return Wrong(source + " is proven and was never told");
    owner_.log_.Add({told->second.side, "main", told->second.cash, ToWall(from), ToWall(until)});
  }

  void Stall() {
    const auto end = steady_clock::now() + milliseconds(random_() % kLongestStallMilliseconds);
    while (steady_clock::now() < end && !owner_.is_stopped_ && !owner_.is_calm_) {
      std::this_thread::sleep_for(milliseconds(50));
    }
  }

  void JudgeEnd(const grpc::Status& status) {
    if (owner_.is_stopped_) return;
    switch (status.error_code()) {
      case grpc::StatusCode::UNAVAILABLE:
        if (!reconnect_after_) Wrong("a stream ended without goodbye: " + status.error_message());
        return;
      case grpc::StatusCode::ABORTED:
        ++owner_.too_slow_;
        if (kind_ != Kind::kStalling) Wrong("a reader was called too slow");
        return;
      case grpc::StatusCode::DEADLINE_EXCEEDED:
        if (kind_ == Kind::kLeaving) return;
        [[fallthrough]];
      default:
        Wrong("a stream ended with " + std::to_string(status.error_code()) + ": " +
              status.error_message());
    }
  }

  void Pause() {
    const auto most = static_cast<std::uint64_t>(kLongestPause.count());
    nanoseconds pause = milliseconds(random_() % most);
    if (const auto told = std::exchange(reconnect_after_, std::nullopt)) pause = *told;
    const auto end = steady_clock::now() + pause;
    while (steady_clock::now() < end && !owner_.is_stopped_) {
      std::this_thread::sleep_for(milliseconds(20));
    }
  }

  WatchingClients& owner_;
  const Kind kind_;
  std::mt19937_64 random_;
  StreamJudge judge_;
  std::map<std::string, Told> told_;
  std::optional<nanoseconds> reconnect_after_;
  mutable Mutex mutex_;
  // Guarded by mutex_ against Cancel().
  std::unique_ptr<grpc::ClientContext> context_;
  ctl::WatchView view_ BALANCE_GUARDED_BY(mutex_);
};

WatchingClients::WatchingClients(v1::BalanceService::Stub& stub, AnswerLog& log, std::uint64_t seed)
    : stub_(stub), log_(log) {
  for (const Kind kind : {Kind::kPrompt, Kind::kSpaced, Kind::kLeaving, Kind::kStalling}) {
    for (int i = 0; i < kClientsOfAKind; ++i) {
      clients_.push_back(std::make_unique<Client>(*this, kind, ++seed));
    }
  }
  for (const auto& client : clients_) {
    threads_.emplace_back([one = client.get()] { one->Run(); });
  }
}

WatchingClients::~WatchingClients() { Stop(); }

bool WatchingClients::DoAllShow(const std::function<bool(const ctl::WatchView&)>& is_right) const {
  return std::all_of(clients_.begin(), clients_.end(),
                     [&](const auto& client) { return client->Shows(is_right); });
}

void WatchingClients::Stop() {
  is_stopped_ = true;
  for (const auto& client : clients_) client->Cancel();
  threads_.clear();
}

bool WatchingClients::Judge() const {
  std::printf(
      "streams: %ld, snapshots: %ld, heartbeats: %ld, removed: %ld, skipped: %ld, goodbyes: %ld, "
      "too slow: %ld\n",
      streams_.load(), snapshots_.load(), heartbeats_.load(), removed_.load(), skipped_.load(),
      goodbyes_.load(), too_slow_.load());
  return snapshots_ > 0 && heartbeats_ > 0 && skipped_ > 0;
}

}  // namespace balance
