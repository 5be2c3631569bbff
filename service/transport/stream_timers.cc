#include "service/transport/stream_timers.h"

#include "service/transport/h2_server_stream.h"

namespace balance {
namespace {

// Then it is the turn of connections and of others' timers.
constexpr int kMostOfATurn = 64;

}  // namespace

void StreamTimers::Add(H2ServerStream& stream, SteadyTime when) {
  all_.emplace(when, &stream);
  Plan();
}

void StreamTimers::Remove(H2ServerStream& stream, SteadyTime when) {
  all_.erase({when, &stream});
  if (!all_.empty() || planned_ == SteadyTime::max()) return;
  planned_ = SteadyTime::max();
  alarm_.Cancel();
}

// One that comes too early, because a stream has thought better of it, finds nothing due.
void StreamTimers::Plan() {
  if (all_.empty() || all_.begin()->first >= planned_) return;
  planned_ = all_.begin()->first;
  alarm_.Set(planned_, [this] { OnDue(); });
}

void StreamTimers::OnDue() {
  planned_ = SteadyTime::max();
  const SteadyTime now = clock_.SteadyNow();
  for (int i = 0; i < kMostOfATurn && !all_.empty() && all_.begin()->first <= now; ++i) {
    H2ServerStream& stream = *all_.begin()->second;
    all_.erase(all_.begin());
    stream.OnTimer();
  }
  Plan();
}

}  // namespace balance
