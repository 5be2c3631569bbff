#pragma once

// How files are found on the disk, to tell whether they have changed since, however they were
// replaced: written over, renamed onto, removed, or reached through another link, as in Kubernetes,
// which swaps the directory `..data`.

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace balance {

// What tells two states of a file apart: a hash of its device, inode, size, and the times of its
// latest changes, which also tell of permissions taken away or given. A hash, because thousands are
// kept; two states that differ have the same one with a probability of 2^-64.
enum class FileState : std::uint64_t {};

// By path; nullopt: the file cannot be reached.
using FileStates = std::unordered_map<std::string, std::optional<FileState>>;

// Links are followed. Who reads a file afterwards reads this state, or can see that it has changed.
std::optional<FileState> StateOf(const std::string& path);
// The same of a file that the system was asked about already.
FileState FileStateOf(const struct stat& status);
FileStates StatesOf(const std::vector<std::string>& paths);

}  // namespace balance
