#include "service/config/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace balance {
namespace {

constexpr std::size_t kFirstBlock = std::size_t{64} * 1024;

class Descriptor {
 public:
  // Without waiting for the other end of a pipe.
  explicit Descriptor(const std::string& path)
      : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }

 private:
  int fd_;
};

tl::unexpected<std::string> CannotBeRead(int error) {
  return tl::unexpected("cannot be read: " + std::generic_category().message(error));
}

}  // namespace

bool FileContent::IsWritableByOthers() const {
  return (mode & S_IWOTH) != 0 || ((mode & S_IWGRP) != 0 && group != getegid());
}

tl::expected<FileContent, std::string> ReadFile(const std::string& path, std::size_t limit) {
  const Descriptor file(path);
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) return CannotBeRead(errno);
  if (!S_ISREG(status.st_mode)) return tl::unexpected(std::string("is not a regular file"));

  FileContent content{{}, status.st_mode, status.st_gid};
  content.text.resize(std::min(limit + 1, kFirstBlock));
  std::size_t size = 0;
  while (true) {
    if (size == content.text.size()) content.text.resize(std::min(limit + 1, size * 2));
    const ssize_t count = read(file.get(), content.text.data() + size, content.text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return CannotBeRead(errno);
    size += static_cast<std::size_t>(count);
    if (size > limit) {
      return tl::unexpected("is larger than " + std::to_string(limit) + " bytes");
    }
    if (count == 0) break;
  }
  content.text.resize(size);
  return content;
}

}  // namespace balance
