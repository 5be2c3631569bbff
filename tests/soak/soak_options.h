#pragma once

// What a run of the soak was asked for on its command line.

#include <chrono>
#include <cstdint>
#include <random>
#include <string>

namespace balance {

// How far a service may miss what it promises, for reasons of the machine.
struct SoakTolerance {
  // How late after its deadline a call may end.
  std::chrono::milliseconds lateness{50};
  // Growth of memory since the service was warm.
  long growth_kib = 8 * 1024;
  // How often a login that is well must be asked at least, on average and at worst, where a
  // reading is FRESH for a second and readers come about every 50 ms.
  std::chrono::milliseconds mean_gap{1250};
  std::chrono::milliseconds longest_gap{2000};
};

// The same for a service under a sanitizer: it is slower by far, and AddressSanitizer keeps some of
// what was freed.
inline SoakTolerance ToleranceOfSanitized() {
  return {.lateness = std::chrono::milliseconds(500),
          .growth_kib = 256 * 1024,
          .mean_gap = std::chrono::milliseconds(2000),
          .longest_gap = std::chrono::milliseconds(5000)};
}

struct SoakOptions {
  // Path of the balance-service program.
  std::string service;
  // How long each mode lasts.
  int seconds = 600;
  int reads_per_second = 200;
  SoakTolerance tolerance;
  // Seed of everything random but the logins.
  std::uint64_t seed = std::random_device()();
};

}  // namespace balance
