#include "service/config/file_states.h"

#include "clients/core/saturating.h"

namespace balance {
namespace {

// A file may have been given any time.
Duration ToDuration(const timespec& time) { return SaturatingDuration(time.tv_sec, time.tv_nsec); }

}  // namespace

std::optional<FileState> StateOf(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileStateOf(status);
}

FileState FileStateOf(const struct stat& status) {
  return {status.st_dev, status.st_ino, status.st_size, ToDuration(status.st_mtim),
          ToDuration(status.st_ctim)};
}

FileStates StatesOf(const std::vector<std::string>& paths) {
  FileStates states;
  for (const std::string& path : paths) states.emplace(path, StateOf(path));
  return states;
}

}  // namespace balance
