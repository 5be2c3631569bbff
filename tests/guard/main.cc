// Runs each path and prints "TIMES NAME" of it, in the order in which valgrind writes its counts.

#include <grpc/grpc.h>
#include <sodium.h>

#include <cstdlib>
#include <iostream>

#include "tests/guard/measured.h"

int main() {
  if (sodium_init() < 0) return EXIT_FAILURE;
  // For the byte buffers, which no server or channel of ours initialises it for.
  grpc_init();
  for (const auto& paths : {balance::guard::HitPaths(), balance::guard::RefreshPaths()}) {
    for (const auto& path : paths) {
      // The first run pays for what is made once.
      if (!path.run() || !BalanceGuardMeasured(path)) {
        std::cerr << "guarded_paths: " << path.name << " failed\n";
        return EXIT_FAILURE;
      }
      std::cout << path.times << ' ' << path.name << '\n';
    }
  }
  grpc_shutdown();
  return EXIT_SUCCESS;
}
