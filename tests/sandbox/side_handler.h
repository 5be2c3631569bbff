#pragma once

// One upstream as its clients meet it: a venue behind faults, latency and counters.

#include <map>
#include <memory>
#include <string>

#include "tests/sandbox/counters.h"
#include "tests/sandbox/fault_queue.h"
#include "tests/sandbox/http_connection.h"
#include "tests/sandbox/side_clock.h"
#include "tests/sandbox/socket_book.h"
#include "tests/sandbox/venue.h"

namespace balance::sandbox {

// Used on the sandbox's loop only.
class SideHandler final : public HttpHandler {
 public:
  // All three must outlive it.
  SideHandler(const Clock& clock, const SideClock& side_clock, Venue& venue)
      : side_clock_(side_clock), venue_(venue), counters_(clock) {}

  WirePlan Handle(const HttpCall& call) override;
  void OnConnect() override { counters_.OnConnect(); }
  void OnDisconnect() override { counters_.OnDisconnect(); }

  void SetLatency(Duration latency) { latency_ = latency; }
  Duration latency() const { return latency_; }
  FaultQueue& faults() { return faults_; }
  SideCounters ReadCounters() const;
  void ResetCounters();
  SocketBook& sockets() { return sockets_; }

 private:
  WirePlan Plan(const HttpCall& call, const Caller& caller);
  WirePlan PlanTrueAnswer(const HttpCall& call, const Caller& caller, Duration delay);
  HttpReply TrueAnswer(const HttpCall& call, const Caller& caller);
  void AddDate(std::vector<Header>& headers) const;

  const SideClock& side_clock_;
  Venue& venue_;
  FaultQueue faults_;
  SocketBook sockets_;
  CounterBook counters_;
  Duration latency_{};
  std::map<std::string, int> in_flight_;
};

}  // namespace balance::sandbox
