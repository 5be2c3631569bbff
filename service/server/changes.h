#pragma once

// How many entries of a configuration another one adds, changes and removes.

namespace balance {

struct Changes {
  int added = 0;
  int changed = 0;
  int removed = 0;

  Changes& operator+=(const Changes& other) {
    added += other.added;
    changed += other.changed;
    removed += other.removed;
    return *this;
  }
};

}  // namespace balance
