#include "service/server/file_changes.h"

namespace balance {

bool FileChanges::AreReady(const Look& look) {
  bool moves = false;
  // In place: a second map of all files each second would be garbage of that size.
  for (auto& [path, seen] : seen_) {
    auto now = look(path);
    if (now == seen) continue;
    seen = now;
    moves = true;
  }
  const bool is_ready = is_pending_ && !moves;
  is_pending_ = moves;
  return is_ready;
}

}  // namespace balance
