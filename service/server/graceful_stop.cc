#include "service/server/graceful_stop.h"

#include <thread>

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kPollInterval = milliseconds(5);

// Whether the condition holds within `patience`.
bool WaitFor(milliseconds patience, const std::function<bool()>& condition) {
  const auto end = steady_clock::now() + patience;
  while (!condition()) {
    if (steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(kPollInterval);
  }
  return true;
}

}  // namespace

void StopGracefully(RpcServer& server, const std::function<std::size_t()>& calls_in_progress,
                    const std::function<void()>& answer_calls) {
  server.Drain();
  const auto is_quiet = [&calls_in_progress] { return calls_in_progress() == 0; };
  const auto is_settled = [&] {
    return server.stats().connections_taking_calls == 0 && is_quiet();
  };
  if (!WaitFor(StopTimes::kCalls, is_settled)) {
    answer_calls();
    WaitFor(StopTimes::kAnswers, is_settled);
  }
  WaitFor(StopTimes::kFarewell, [&server] {
    const TransportStats now = server.stats();
    return now.connections_open == 0 && now.calls_open == 0;
  });
  // A call that had begun, but not come whole.
  WaitFor(StopTimes::kAnswers, is_quiet);
  server.Stop();
}

}  // namespace balance
