#pragma once

// The paths whose instructions are counted, and the one function in which they are counted.

#include <functional>
#include <string>
#include <vector>

namespace balance::guard {

struct Path {
  std::string name;
  // Enough for what happens now and then, such as the growth of a table, to drown.
  int times;
  // False: it did not do what it should.
  std::function<bool()> run;
};

// Reads answered from the cache.
std::vector<Path> HitPaths();

// What one refresh does: sign, parse, merge, encode, publish.
std::vector<Path> RefreshPaths();

}  // namespace balance::guard

// Runs `path` as often as it says; false if one run failed. valgrind knows the function by its
// name, counts from its entry to its end and then writes the count down; see
// instruction_guard.py.
extern "C" bool BalanceGuardMeasured(const balance::guard::Path& path);
