#include "service/config/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "clients/core/secret.h"

namespace balance {
namespace {

constexpr std::size_t kBlock = std::size_t{64} * 1024;

class Descriptor {
 public:
  // Without waiting for the other end of a pipe.
  explicit Descriptor(const std::string& path) { Open(path); }
  ~Descriptor() {
    if (is_open()) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  // REQUIRES: it is not open.
  void Open(const std::string& path) {
    fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  }
  bool is_open() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

tl::unexpected<std::string> CannotBeRead(int error) {
  return tl::unexpected("cannot be read: " + std::generic_category().message(error));
}

// Leaves no copy behind.
void Enlarge(std::string& text, std::size_t size) {
  std::string larger(size, '\0');
  text.copy(larger.data(), text.size());
  Wipe(text);
  text = std::move(larger);
}

tl::expected<FileContent, std::string> ReadAll(const Descriptor& file, const struct stat& status,
                                               std::size_t limit) {
  FileContent content{{}, status.st_mode, status.st_gid};
  const auto expected = static_cast<std::size_t>(status.st_size);
  // One byte more tells the end. Some file systems say 0 of files that have content.
  content.text.resize(std::min(limit, expected == 0 ? kBlock : expected) + 1);
  std::size_t size = 0;
  while (true) {
    if (size == content.text.size()) Enlarge(content.text, std::min(limit + 1, size + kBlock));
    const std::size_t room = content.text.size() - size;
    const ssize_t count = read(file.get(), content.text.data() + size, room);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return CannotBeRead(errno);
    size += static_cast<std::size_t>(count);
    if (size > limit) {
      return tl::unexpected("is larger than " + std::to_string(limit) + " bytes");
    }
    const bool is_whole = size == expected && static_cast<std::size_t>(count) < room;
    if (count == 0 || is_whole) break;
  }
  content.text.resize(size);
  return content;
}

}  // namespace

bool FileContent::IsWritableByOthers() const {
  return (mode & S_IWOTH) != 0 || ((mode & S_IWGRP) != 0 && group != getegid());
}

tl::expected<FileContent, std::string> ReadFile(const std::string& path, std::size_t limit) {
  std::optional<FileState> unused;
  return ReadFile(path, limit, unused);
}

tl::expected<FileContent, std::string> ReadFile(const std::string& path, std::size_t limit,
                                                std::optional<FileState>& state) {
  Descriptor file(path);
  if (!file.is_open()) {
    // Opened again after the look: what lets it be read from now on is a change.
    state = StateOf(path);
    file.Open(path);
    if (!file.is_open()) return CannotBeRead(errno);
  }
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return CannotBeRead(errno);
  state = FileStateOf(status);
  if (!S_ISREG(status.st_mode)) return tl::unexpected(std::string("is not a regular file"));
  return ReadAll(file, status, limit);
}

}  // namespace balance
