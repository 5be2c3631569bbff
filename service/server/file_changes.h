#pragma once

// When files that changed may be read: once they rest, so that none is taken half written. Looks by
// what it is given.

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "service/config/file_states.h"

namespace balance {

// Used on one thread at a time.
class FileChanges {
 public:
  // What was read last.
  explicit FileChanges(FileStates read) : seen_(std::move(read)) {}

  // How the file at a path is now, as StateOf() says.
  using Look = std::function<std::optional<FileState>(const std::string& path)>;

  // Looks at each file once. Whether they differ from what was read last and are the same as in the
  // look before; they count as read then. Files that change with every look are never ready.
  bool AreReady(const Look& look);

 private:
  FileStates seen_;
  bool is_pending_ = false;
};

}  // namespace balance
