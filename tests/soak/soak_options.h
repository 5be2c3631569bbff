#pragma once

// What a run of the soak was asked for on its command line.

#include <cstdint>
#include <random>
#include <string>

namespace balance {

struct SoakOptions {
  // Path of the balance-service program.
  std::string service;
  // How long each mode lasts.
  int seconds = 600;
  int reads_per_second = 200;
  // Seed of everything random but the logins.
  std::uint64_t seed = std::random_device()();
};

}  // namespace balance
