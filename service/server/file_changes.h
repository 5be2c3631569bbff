#pragma once

// When files that changed may be read: once they rest, so that none is taken half written. Pure.

#include <utility>

#include "service/config/file_states.h"

namespace balance {

// Used on one thread at a time.
class FileChanges {
 public:
  // What was read last.
  explicit FileChanges(FileStates read) : seen_(std::move(read)) {}

  // Takes the files as they are now. Whether they differ from what was read last and are the same
  // as in the look before; they count as read then. Files that change with every look are never
  // ready.
  bool AreReady(FileStates now);

 private:
  FileStates seen_;
  bool is_pending_ = false;
};

}  // namespace balance
