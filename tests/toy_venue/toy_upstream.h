#pragma once

// The toy venue's API on loopback, made of the sandbox's parts: behind the same faults and counters
// as the real venues'.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "clients/core/clock.h"
#include "tests/sandbox/fault.h"
#include "tests/sandbox/http_server.h"
#include "tests/sandbox/side_clock.h"
#include "tests/sandbox/side_handler.h"
#include "tests/sandbox/venue.h"

namespace balance::toy {

// Answers `{"currency": "USD", "free": FREE, "total": TOTAL}` to the one login that it knows.
class ToyUpstreamVenue final : public sandbox::Venue {
 public:
  sandbox::Caller Identify(const sandbox::HttpCall& call) override;
  sandbox::HttpReply Answer(const sandbox::HttpCall& call, const sandbox::Caller& caller,
                            int in_flight) override;
  std::unique_ptr<sandbox::SocketSession> OpenSocket(const sandbox::HttpCall& call,
                                                     const sandbox::Caller& caller,
                                                     sandbox::SocketPeer& peer) override;
};

// Runs from construction to destruction on a thread of its own. Thread-safe.
class ToyUpstream {
 public:
  static constexpr const char* kAccount = "desk";
  static constexpr const char* kToken = "toy_0123456789abcdef";
  static constexpr const char* kPassphrase = "correct-horse-battery";
  static constexpr const char* kFree = "12.50";
  static constexpr const char* kTotal = "20.25";

  ToyUpstream();
  ~ToyUpstream();

  std::string BaseUrl() const;
  // Meets the next requests in place of the true answer.
  void Push(sandbox::Fault fault);
  std::uint64_t Requests();

 private:
  template <typename Work>
  auto Run(Work work);

  SystemClock clock_;
  sandbox::SideClock side_clock_{clock_};
  ToyUpstreamVenue venue_;
  sandbox::SideHandler handler_{clock_, side_clock_, venue_};
  boost::asio::io_context loop_{1};
  std::unique_ptr<sandbox::HttpServer> server_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_{
      loop_.get_executor()};
  std::thread thread_;
};

}  // namespace balance::toy
