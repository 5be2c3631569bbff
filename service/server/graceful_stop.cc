#include "service/server/graceful_stop.h"

#include <grpc/grpc.h>

#include <future>

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kPollInterval = milliseconds(5);
constexpr auto kLongest = StopTimes::kCalls + StopTimes::kAnswers + StopTimes::kFarewell;

// Whether the condition holds, or the server has ended, within `patience`.
bool WaitFor(const std::future<void>& ended, milliseconds patience,
             const std::function<bool()>& condition) {
  const auto end = steady_clock::now() + patience;
  while (!condition()) {
    if (ended.wait_for(kPollInterval) == std::future_status::ready) return true;
    if (steady_clock::now() >= end) return false;
  }
  return true;
}

}  // namespace

void StopGracefully(grpc::Server& server, const std::function<std::size_t()>& calls_in_progress,
                    const std::function<void()>& answer_calls) {
  const auto ended = std::async(std::launch::async, [&server] {
    server.Shutdown(std::chrono::system_clock::now() + kLongest);
  });
  const auto is_quiet = [&calls_in_progress] { return calls_in_progress() == 0; };
  if (!WaitFor(ended, StopTimes::kCalls, is_quiet)) {
    answer_calls();
    WaitFor(ended, StopTimes::kAnswers, is_quiet);
  }
  if (ended.wait_for(StopTimes::kFarewell) != std::future_status::ready) {
    grpc_server_cancel_all_calls(server.c_server());
  }
  ended.wait();
  server.Wait();
}

}  // namespace balance
