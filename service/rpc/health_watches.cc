#include "service/rpc/health_watches.h"

#include <mutex>
#include <optional>
#include <string>
#include <utility>

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
    context_.AsyncNotifyWhenDone(TagOf(over_));
    watches_.request_(&context_, &request_, &writer_, &watches_.queue_, TagOf(came_));
  }

  void OnState(HealthStates::State state) override {
    const std::lock_guard lock(mutex_);
    wanted_ = state;
    WriteIfDue();
  }

 private:
  template <void (Watch::*happen)(bool)>
  class Event final : public QueueEvent {
   public:
    explicit Event(Watch& watch) : watch_(watch) {}
    void Happen(bool ok) override { (watch_.*happen)(ok); }

   private:
    Watch& watch_;
  };

  ~Watch() override { watches_.open_calls_.Remove(); }

  static void* TagOf(QueueEvent& event) { return &event; }

  void OnCame(bool ok) {
    if (!ok) {
      // The server stops; a call that has not come is not told to be over.
      delete this;
      return;
    }
    watches_.Await();
    HealthCheckRequest request;
    const bool is_good = ReadHealthRequest(request_, request);
    request_.Clear();
    if (!is_good) {
      const std::lock_guard lock(mutex_);
      ++open_events_;
      writer_.Finish(BadHealthRequest(), TagOf(written_));
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

  void OnDone(bool) {
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
    writer_.Write(BytesOf(response), TagOf(written_));
  }

  void EndOne() {
    bool over = false;
    {
      const std::lock_guard lock(mutex_);
      over = --open_events_ == 0;
    }
    if (over) delete this;
  }

  HealthWatches& watches_;
  grpc::ServerContext context_;
  grpc::ByteBuffer request_;
  Writer writer_{&context_};
  // Set while it listens.
  std::optional<std::string> service_;
  std::mutex mutex_;
  // The one that tells that the call is over, to begin with.
  int open_events_ = 1;
  bool writing_ = false;
  bool can_write_ = true;
  std::optional<HealthStates::State> wanted_;
  std::optional<HealthStates::State> written_state_;
  Event<&Watch::OnCame> came_{*this};
  Event<&Watch::OnWritten> written_{*this};
  Event<&Watch::OnDone> over_{*this};
};

HealthWatches::HealthWatches(grpc::ServerCompletionQueue& queue, OpenCalls& open_calls,
                             Request request, HealthStates& states)
    : queue_(queue), open_calls_(open_calls), request_(std::move(request)), states_(states) {}

void HealthWatches::Await() { new Watch(*this); }

}  // namespace balance
