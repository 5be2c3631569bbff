#include "service/rpc/unary_calls.h"

#include <optional>
#include <utility>

namespace balance {
namespace {

// Of those that are awaited.
constexpr std::size_t kSpareShare = 4;

// What the queue takes the tag for.
void* TagOf(QueueEvent& event) { return &event; }

}  // namespace

// One place for a call after another. gRPC has its address while it is awaited or under way.
class UnaryCalls::Call final : public IncomingCall {
 public:
  explicit Call(UnaryCalls& calls) : calls_(calls) {}

  void Await() {
    exchange_.emplace();
    // A call that never comes is not told to be over either.
    open_events_ = 2;
    exchange_->context.AsyncNotifyWhenDone(TagOf(over_));
    calls_.request_(&exchange_->context, &exchange_->request, &exchange_->writer, &calls_.queue_,
                    TagOf(came_));
  }

  void Forget() { exchange_.reset(); }

  grpc::ServerContextBase& context() override { return exchange_->context; }
  const grpc::ByteBuffer& request() const override { return exchange_->request; }
  void Keep(std::unique_ptr<CallWork> work) override { exchange_->work = std::move(work); }
  void Finish(const grpc::ByteBuffer& response, const grpc::Status& status) override {
    exchange_->writer.Finish(response, status, TagOf(finished_));
  }

 private:
  template <void (Call::*happen)(bool)>
  class Event final : public QueueEvent {
   public:
    explicit Event(Call& call) : call_(call) {}
    void Happen(bool ok) override { (call_.*happen)(ok); }

   private:
    Call& call_;
  };

  struct Exchange {
    grpc::ServerContext context;
    grpc::ByteBuffer request;
    Writer writer{&context};
    std::unique_ptr<CallWork> work;
  };

  void OnCame(bool ok) {
    // The server stops.
    if (!ok) return calls_.OnOver(*this);
    calls_.OnCame(*this);
  }

  // The last byte was handed to the transport, or nobody is left to take it.
  void OnFinished(bool) { EndOne(); }

  // For gRPC. Comes before the answer if the caller leaves first.
  void OnDone(bool) {
    if (exchange_->work && exchange_->context.IsCancelled()) exchange_->work->OnCallerLeft();
    EndOne();
  }

  void EndOne() {
    if (--open_events_ == 0) calls_.OnOver(*this);
  }

  UnaryCalls& calls_;
  std::optional<Exchange> exchange_;
  int open_events_ = 0;
  Event<&Call::OnCame> came_{*this};
  Event<&Call::OnFinished> finished_{*this};
  Event<&Call::OnDone> over_{*this};
};

UnaryCalls::UnaryCalls(grpc::ServerCompletionQueue& queue, OpenCalls& open_calls, Request request,
                       Handle handle)
    : queue_(queue),
      open_calls_(open_calls),
      request_(std::move(request)),
      handle_(std::move(handle)) {}

UnaryCalls::~UnaryCalls() = default;

void UnaryCalls::Await(int calls) {
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
