#include "service/rpc/unary_calls.h"

#include <optional>
#include <utility>

#include "service/rpc/core_call.h"

namespace balance {
namespace {

// Of those that are awaited.
constexpr std::size_t kSpareShare = 4;

}  // namespace

// One place for a call after another. gRPC has its address while it is awaited or under way.
class UnaryCalls::Call final : public IncomingCall {
 public:
  explicit Call(UnaryCalls& calls) : calls_(calls) {}

  void Await() {
    // A call that never comes is not told to be over either.
    open_events_ = 1;
    core_.emplace();
    core_->Await(calls_.server_, calls_.method_, calls_.queue_, came_);
  }

  void Forget() {
    work_.reset();
    core_.reset();
    room_.reset();
  }

  std::chrono::system_clock::time_point deadline() const override { return core_->deadline(); }
  Authorizations authorizations() const override { return core_->authorizations(); }
  PeerIdentity identity() const override { return core_->identity(); }
  std::string peer() const override { return core_->peer(); }
  const MessageBytes& request() override { return core_->request(); }
  void Keep(std::unique_ptr<CallWork> work) override {
    work_ = std::move(work);
    ++open_events_;
    core_->WatchClose(closed_);
  }
  bool MakeRoom(std::size_t bytes) override {
    auto room = calls_.unsent_.Take(bytes, [this] { return peer(); });
    if (room) room_.emplace(*std::move(room));
    return room_.has_value();
  }
  void Finish(MessageBytes response, const grpc::Status& status) override {
    core_->Finish(std::move(response), status, finished_);
  }

 private:
  void OnCame(bool ok) {
    // The server stops.
    if (!ok) return calls_.OnOver(*this);
    calls_.OnCame(*this);
  }

  void OnFinished(bool) { EndOne(); }

  // Comes before the answer if the caller leaves first.
  void OnClosed(bool) {
    if (core_->caller_has_left()) work_->OnCallerLeft();
    EndOne();
  }

  void EndOne() {
    if (--open_events_ == 0) calls_.OnOver(*this);
  }

  UnaryCalls& calls_;
  std::optional<CoreCall> core_;
  std::unique_ptr<CallWork> work_;
  // Room of the answer, which gRPC may hold until the call is over.
  std::optional<UnsentAnswers::Room> room_;
  int open_events_ = 0;
  MemberEvent<Call, &Call::OnCame> came_{*this};
  MemberEvent<Call, &Call::OnFinished> finished_{*this};
  MemberEvent<Call, &Call::OnClosed> closed_{*this};
};

UnaryCalls::UnaryCalls(const CoreMethods::Method& method, CallQueue& queue, OpenCalls& open_calls,
                       UnsentAnswers& unsent, Handle handle)
    : method_(method),
      queue_(queue),
      open_calls_(open_calls),
      unsent_(unsent),
      handle_(std::move(handle)) {}

UnaryCalls::~UnaryCalls() = default;

void UnaryCalls::Await(grpc_server* server, int calls) {
  server_ = server;
  spare_limit_ = kSpareShare * static_cast<std::size_t>(calls);
  for (int i = 0; i < calls; ++i) AwaitOne();
}

void UnaryCalls::AwaitOne() {
  std::unique_ptr<Call> call;
  if (spare_.empty()) {
    call = std::make_unique<Call>(*this);
  } else {
    call = std::move(spare_.back());
    spare_.pop_back();
  }
  open_calls_.Add();
  // Comes back by OnOver().
  call.release()->Await();
}

void UnaryCalls::OnCame(Call& call) {
  handle_(call);
  AwaitOne();
}

void UnaryCalls::OnOver(Call& call) {
  std::unique_ptr<Call> owned(&call);
  owned->Forget();
  if (spare_.size() < spare_limit_) spare_.push_back(std::move(owned));
  open_calls_.Remove();
}

}  // namespace balance
