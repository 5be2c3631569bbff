#include "tests/guard/measured.h"

extern "C" [[gnu::noipa]] bool BalanceGuardMeasured(const balance::guard::Path& path) {
  for (int i = 0; i < path.times; ++i) {
    if (!path.run()) return false;
  }
  return true;
}
