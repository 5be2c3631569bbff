// Runs each path and prints "TIMES NAME" of it, in the order in which valgrind writes its counts.

#include <sodium.h>

#include <cstdlib>
#include <iostream>

#include "tests/guard/measured.h"

int main() {
  if (sodium_init() < 0) return EXIT_FAILURE;
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
  return EXIT_SUCCESS;
}
