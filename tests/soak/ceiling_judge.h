#pragma once

// Whether all requests with one login, whoever sent them, kept within the login's rate budget.

#include <string>
#include <vector>

#include "clients/core/clock.h"

namespace balance {

// A time in which some replicas of a fleet may have read by themselves, as they could not reach
// what the fleet shares.
struct CutOff {
  WallTime from;
  WallTime until;
  int replicas;
};

// Used on one thread. Shares no code with the service.
class CeilingJudge {
 public:
  // The budget of the login, and the number of replicas that share it.
  CeilingJudge(int requests_per_second, int burst, int replicas);

  // REQUIRES: no earlier than the one before.
  void Add(WallTime request) { requests_.push_back(request); }

  // A line for each request that was one too many. In no second may there be more than the rate and
  // `burst` - 1, and in no ten seconds more than ten times the rate and `burst` - 1. While replicas
  // are cut off, there may be one more for each of them. In any order.
  std::vector<std::string> Judge(const std::vector<CutOff>& cut_offs) const;

  // The most requests in any second that no cut-off touches.
  int MostInACalmSecond(const std::vector<CutOff>& cut_offs) const;

 private:
  // Requests in the window of that length which ends with a request.
  struct Window {
    WallTime from;
    WallTime until;
    int requests;
  };
  std::vector<Window> WindowsOf(Duration length) const;
  int CutOffIn(const Window& window, const std::vector<CutOff>& cut_offs) const;

  const int requests_per_second_;
  const int burst_;
  const int replicas_;
  std::vector<WallTime> requests_;
};

}  // namespace balance
