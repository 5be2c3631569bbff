// Many readers of WatchAccountSnapshots on many connections. Prints "ready" once each has its first
// messages, and then a line of JSON each time when all of them have had one more.

#include <signal.h>
#include <sys/epoll.h>
#include <sysexits.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proto/balance_v1.h"
#include "tests/bench/watching_peer.h"

namespace balance::bench {
namespace {

using std::chrono::steady_clock;
using std::chrono::system_clock;

// How soon SIGTERM is noticed.
constexpr int kTurnMilliseconds = 100;

volatile sig_atomic_t is_stopped = 0;

double Milliseconds(steady_clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// Milliseconds since the newest answer of an upstream that the message shows had arrived; negative
// if it shows none.
double SinceReceived(const std::string& message) {
  v1::WatchAccountSnapshotsResponse response;
  std::chrono::nanoseconds newest{0};
  if (!response.ParseFromString(message)) return -1;
  for (const auto& source : response.snapshot().sources()) {
    const auto& time = source.freshness().receive_time();
    newest = std::max(
        newest, std::chrono::seconds(time.seconds()) + std::chrono::nanoseconds(time.nanos()));
  }
  if (newest.count() == 0) return -1;
  const std::chrono::nanoseconds now = system_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now - newest).count();
}

struct Options {
  std::uint16_t port = 0;
  std::size_t connections = 100;
  std::size_t streams = 100;
  // Messages that each stream has before it is ready.
  std::size_t initial = 2;
  std::string message_file;
};

class WatchLoad {
 public:
  // Throws std::runtime_error.
  explicit WatchLoad(const Options& options) : options_(options), epoll_(epoll_create1(0)) {
    v1::WatchAccountSnapshotsRequest request;
    // Longer than the pauses between changes: what is counted are changes.
    request.mutable_heartbeat_interval()->set_seconds(60);
    for (std::size_t i = 0; i < options.connections; ++i) {
      peers_.emplace_back(options.port, options.streams, request.SerializeAsString());
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = &peers_.back();
      epoll_ctl(epoll_, EPOLL_CTL_ADD, peers_.back().socket(), &event);
      // One connection after the other, so that none is refused in a herd.
      const std::size_t open = (i + 1) * options.streams;
      while (!is_stopped && rounds_[options.initial].streams < open) Turn();
    }
  }
  WatchLoad(const WatchLoad&) = delete;
  WatchLoad& operator=(const WatchLoad&) = delete;
  ~WatchLoad() { close(epoll_); }

  void Run() {
    if (!options_.message_file.empty()) {
      std::ofstream(options_.message_file, std::ios::binary) << first_message_;
    }
    is_ready_ = true;
    std::cout << "ready" << std::endl;
    while (!is_stopped) Turn();
  }

 private:
  // The streams that have had so many messages, and when the first one had.
  struct Round {
    std::size_t streams = 0;
    steady_clock::time_point begin;
  };

  void Turn() {
    std::array<epoll_event, 64> events;
    const int count = epoll_wait(epoll_, events.data(), events.size(), kTurnMilliseconds);
    if (count < 0 && errno != EINTR) throw std::runtime_error("epoll_wait failed");
    for (int i = 0; i < count; ++i) {
      static_cast<WatchingPeer*>(events[static_cast<std::size_t>(i)].data.ptr)
          ->Read([this](std::size_t, std::size_t number) { OnMessage(number); });
    }
  }

  void OnMessage(std::size_t number) {
    if (first_message_.empty()) first_message_ = peers_.front().message();
    Round& round = rounds_[number];
    if (round.streams == 0) round.begin = steady_clock::now();
    if (++round.streams < options_.connections * options_.streams || !is_ready_) return;
    std::cout << "{\"first_to_last_ms\": " << Milliseconds(steady_clock::now() - round.begin)
              << ", \"since_received_ms\": " << SinceReceived(peers_.front().message())
              << ", \"bytes\": " << peers_.front().message().size() << "}" << std::endl;
    rounds_.erase(number);
  }

  const Options options_;
  const int epoll_;
  bool is_ready_ = false;
  std::deque<WatchingPeer> peers_;
  std::string first_message_;
  // By number of messages.
  std::map<std::size_t, Round> rounds_;
};

int Main(int argc, char** argv) {
  CLI::App app("Watches on many streams until SIGTERM, and tells when all have had a message");
  Options options;
  app.add_option("--port", options.port, "Of 127.0.0.1")->required();
  app.add_option("--connections", options.connections)->capture_default_str();
  app.add_option("--streams", options.streams, "Of each connection")->capture_default_str();
  app.add_option("--initial", options.initial, "Messages before a stream is ready")
      ->capture_default_str();
  app.add_option("--message-file", options.message_file, "Takes the first message");
  CLI11_PARSE(app, argc, argv);
  struct sigaction stop = {};
  stop.sa_handler = [](int) { is_stopped = 1; };
  sigaction(SIGTERM, &stop, nullptr);
  try {
    WatchLoad(options).Run();
  } catch (const std::exception& error) {
    std::cerr << "watch_load: " << error.what() << "\n";
    return EX_UNAVAILABLE;
  }
  return EX_OK;
}

}  // namespace
}  // namespace balance::bench

int main(int argc, char** argv) { return balance::bench::Main(argc, argv); }
