#include "service/config/file_states.h"

#include <array>
#include <string_view>

namespace balance {

std::optional<FileState> StateOf(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileStateOf(status);
}

FileState FileStateOf(const struct stat& status) {
  const std::array<std::uint64_t, 7> facts = {status.st_dev,
                                              status.st_ino,
                                              static_cast<std::uint64_t>(status.st_size),
                                              static_cast<std::uint64_t>(status.st_mtim.tv_sec),
                                              static_cast<std::uint64_t>(status.st_mtim.tv_nsec),
                                              static_cast<std::uint64_t>(status.st_ctim.tv_sec),
                                              static_cast<std::uint64_t>(status.st_ctim.tv_nsec)};
  static_assert(sizeof(std::size_t) == sizeof(FileState));
  return FileState{
      std::hash<std::string_view>()({reinterpret_cast<const char*>(facts.data()), sizeof facts})};
}

FileStates StatesOf(const std::vector<std::string>& paths) {
  FileStates states;
  for (const std::string& path : paths) states.emplace(path, StateOf(path));
  return states;
}

}  // namespace balance
