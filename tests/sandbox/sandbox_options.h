#pragma once

// What a sandbox starts with.

#include <cstdint>
#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "tests/sandbox/credentials.h"

namespace balance::sandbox {

struct SandboxOptions {
  // All on 127.0.0.1; 0: the system chooses.
  std::uint16_t polymarket_port = 0;
  std::uint16_t polysimulator_port = 0;
  std::uint16_t control_port = 0;
  // Empty or "/...": where Polymarket's API begins, as behind a proxy. Never part of a signature.
  std::string polymarket_prefix;
  // PEM files. Both set: the two upstreams speak TLS; the control endpoint never does.
  std::string tls_certificate_file;
  std::string tls_key_file;
  // Empty: one key is generated.
  std::vector<PolymarketKey> polymarket_keys;
  std::vector<PolysimKey> polysim_keys;
  // Of the money's random walk.
  std::uint64_t seed = 1;
  // How often money moves by itself; zero: never.
  Duration move_every{};
  // Wall and steady time of the protocols (30 s window, rate limits, Date, history); delays and
  // moving money run on the machine's time. Read on the sandbox's thread, so it must be
  // thread-safe, and outlive the sandbox. Null: the machine's clocks.
  const Clock* clock = nullptr;
};

}  // namespace balance::sandbox
