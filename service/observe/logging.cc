#include "service/observe/logging.h"

#include <poll.h>
#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

namespace balance {
namespace {

using std::chrono::milliseconds;

// Lines. spdlog makes the queue beforehand, 400 bytes a line.
constexpr std::size_t kQueueSize = 2048;
constexpr auto kFlushPatience = milliseconds(500);
constexpr auto kFlushPoll = milliseconds(5);

constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
// Log() writes the rest.
constexpr const char* kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v)";

std::atomic<std::size_t> unwritten_lines = 0;

// Not through stderr of the C library: its lock would be held while a write blocks, and exit()
// waits for it.
class StandardErrorSink final : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    const char* begin = line.data();
    const char* const end = begin + line.size();
    while (begin < end) {
      const ssize_t written = write(STDERR_FILENO, begin, static_cast<std::size_t>(end - begin));
      if (written > 0) begin += written;
      if (written < 0 && errno != EINTR && !WaitsForReader()) {
        ++unwritten_lines;
        return;
      }
    }
  }
  void flush_() override {}

 private:
  // Whoever shares the other end may have made it non-blocking: then it is waited for here. False:
  // it takes nothing for another reason.
  static bool WaitsForReader() {
    if (errno != EAGAIN) return false;
    pollfd output{STDERR_FILENO, POLLOUT, 0};
    poll(&output, 1, -1);
    return true;
  }
};

}  // namespace

std::size_t DroppedLogLines() {
  const auto pool = spdlog::thread_pool();
  return unwritten_lines + (pool ? pool->overrun_counter() : 0);
}

bool FlushLog() {
  // The writing thread takes this up when it is done with everything before it.
  spdlog::default_logger()->flush();
  const auto pool = spdlog::thread_pool();
  for (auto waited = milliseconds(0); pool && pool->queue_size() > 0; waited += kFlushPoll) {
    if (waited >= kFlushPatience) return false;
    std::this_thread::sleep_for(kFlushPoll);
  }
  return true;
}

Logging::Logging(LogLineFormat format) {
  SetLogLineFormat(format);
  spdlog::init_thread_pool(kQueueSize, 1);
  auto sink = std::make_shared<StandardErrorSink>();
  auto logger = std::make_shared<spdlog::async_logger>(
      "", std::move(sink), spdlog::thread_pool(), spdlog::async_overflow_policy::overrun_oldest);
  logger->set_pattern(format == LogLineFormat::kText ? kTextPattern : kJsonPattern,
                      spdlog::pattern_time_type::utc);
  logger->flush_on(spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
  spdlog::flush_every(std::chrono::seconds(1));
}

Logging::~Logging() {
  if (!FlushLog()) {
    // To destroy the pool is to wait for its thread, which is stuck.
    static const auto* const stuck =
        new (std::nothrow) std::shared_ptr<spdlog::details::thread_pool>(spdlog::thread_pool());
    static_cast<void>(stuck);
  }
  spdlog::shutdown();
}

}  // namespace balance
