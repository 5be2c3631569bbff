#include "service/rpc/health_watches.h"

#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "service/rpc/core_call.h"
#include "service/rpc/health_request.h"
#include "service/rpc/message_bytes.h"

namespace balance {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// Owned by the events that it waits for: the last one deletes it.
class HealthWatches::Watch final : public HealthStates::Listener {
 public:
  explicit Watch(HealthWatches& watches) : watches_(watches) {
    watches_.open_calls_.Add();
    call_.Await(watches_.server_, watches_.method_, watches_.queue_, came_);
  }

  void OnState(HealthStates::State state) override {
    const std::lock_guard lock(mutex_);
    wanted_ = state;
    WriteIfDue();
  }

 private:
  ~Watch() override = default;

  // Nothing may be left of the call when nobody waits for it any more.
  void End() {
    OpenCalls& open_calls = watches_.open_calls_;
    delete this;
    open_calls.Remove();
  }

  void OnCame(bool ok) {
    if (!ok) {
      // The server stops; a call that has not come is not told to be over.
      End();
      return;
    }
    watches_.AwaitOne();
    call_.WatchClose(closed_);
    HealthCheckRequest request;
    if (!ReadHealthRequest(call_.request(), request)) {
      const std::lock_guard lock(mutex_);
      ++open_events_;
      call_.Finish({}, BadHealthRequest(), written_);
      return;
    }
    service_ = request.service();
    watches_.states_.Add(*service_, *this);
  }

  void OnWritten(bool ok) {
    {
      const std::lock_guard lock(mutex_);
      writing_ = false;
      can_write_ = can_write_ && ok;
      if (service_) WriteIfDue();
    }
    EndOne();
  }

  void OnClosed(bool) {
    if (service_) watches_.states_.Remove(*service_, *this);
    {
      const std::lock_guard lock(mutex_);
      can_write_ = false;
    }
    EndOne();
  }

  // REQUIRES: mutex_ is held.
  void WriteIfDue() {
    if (writing_ || !can_write_ || wanted_ == written_state_) return;
    writing_ = true;
    ++open_events_;
    written_state_ = wanted_;
    HealthCheckResponse response;
    response.set_status(*wanted_);
    call_.Write(BytesOf(response), written_);
  }

  void EndOne() {
    bool over = false;
    {
      const std::lock_guard lock(mutex_);
      over = --open_events_ == 0;
    }
    if (over) End();
  }

  HealthWatches& watches_;
  CoreCall call_;
  // Set while it listens.
  std::optional<std::string> service_;
  std::mutex mutex_;
  // The one that tells that the call is over, to begin with.
  int open_events_ = 1;
  bool writing_ = false;
  bool can_write_ = true;
  std::optional<HealthStates::State> wanted_;
  std::optional<HealthStates::State> written_state_;
  MemberEvent<Watch, &Watch::OnCame> came_{*this};
  MemberEvent<Watch, &Watch::OnWritten> written_{*this};
  MemberEvent<Watch, &Watch::OnClosed> closed_{*this};
};

HealthWatches::HealthWatches(const CoreMethods::Method& method, CallQueue& queue,
                             OpenCalls& open_calls, HealthStates& states)
    : method_(method), queue_(queue), open_calls_(open_calls), states_(states) {}

void HealthWatches::Await(grpc_server* server) {
  server_ = server;
  AwaitOne();
}

void HealthWatches::AwaitOne() { new Watch(*this); }

}  // namespace balance
