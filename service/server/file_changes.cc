#include "service/server/file_changes.h"

namespace balance {

bool FileChanges::AreReady(FileStates now) {
  const bool moves = now != seen_;
  const bool is_ready = is_pending_ && !moves;
  is_pending_ = moves;
  seen_ = std::move(now);
  return is_ready;
}

}  // namespace balance
