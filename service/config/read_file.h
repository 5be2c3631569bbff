#pragma once

// Whole small files, with a limit on their size. Blocks.

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "service/config/file_states.h"

namespace balance {

struct FileContent {
  std::string text;
  // Permission bits and file type of what was really read, links followed.
  mode_t mode = 0;
  gid_t group = 0;

  // Somebody else than its owner and the group that this process runs as may write it.
  bool IsWritableByOthers() const;
};

// Fails with a phrase that fits behind the name of the file, such as "cannot be read: No such file
// or directory" or, links followed, "is not a regular file": a pipe could keep us for ever. No copy
// of the text is left behind in memory but the one returned.
tl::expected<FileContent, std::string> ReadFile(const std::string& path, std::size_t limit);

// The same; `state` is set to how the file was before it was read, whether it can be or not: what
// StateOf() says later differs if the file has changed since.
tl::expected<FileContent, std::string> ReadFile(const std::string& path, std::size_t limit,
                                                std::optional<FileState>& state);

}  // namespace balance
