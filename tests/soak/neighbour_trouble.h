#pragma once

// What happens now and then to logins that are well.

#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/sandbox/sandbox.h"
#include "tests/soak/logins.h"

namespace balance {

// Used on one thread.
class NeighbourTrouble {
 public:
  // Both must outlive it.
  NeighbourTrouble(sandbox::Sandbox& upstreams, const Logins& logins, std::uint64_t seed);

  // One step: an answer too many for one login, a flicker of another's money, or neither.
  void Step();

  // Prints how much there was; whether there was enough.
  bool Judge() const;

 private:
  void SendOneTooMany();
  void Flicker();
  void PushTo(const Login& login, sandbox::Fault fault);
  // Requests with this login so far.
  std::uint64_t RequestsOf(const Login& login);
  // Answer of the login's venue with figures that nobody holds.
  std::string ForgedBody(sandbox::Side side);
  std::string FlickeredBody(const Login& login);

  sandbox::Sandbox& upstreams_;
  std::mt19937_64 random_;
  std::vector<Login> well_;
  std::vector<Login> flickering_;
  // Time of the latest flicker of each source.
  std::map<std::string, std::chrono::steady_clock::time_point> last_flicker_;
  // For each source, how many requests it has had when its last fault so far is met, at the latest.
  std::map<std::string, std::uint64_t> faults_over_at_;
  int forged_ = 0;
  int flickers_ = 0;
};

}  // namespace balance
