#include "tests/sandbox/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace balance::sandbox {
namespace {

bool WriteAll(int file, const std::string& text) {
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = write(file, text.data() + written, text.size() - written);
    if (count < 0) return false;
    written += static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

Result<void> WritePrivateFile(const std::string& path, const std::string& text, mode_t mode) {
  const std::string temporary = path + ".new";
  unlink(temporary.c_str());
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  bool good = file >= 0 && WriteAll(file, text);
  if (file >= 0) good = close(file) == 0 && good;
  if (good && std::rename(temporary.c_str(), path.c_str()) == 0) return {};
  const std::string reason = std::generic_category().message(errno);
  if (file >= 0) unlink(temporary.c_str());
  return Fail(ErrorKind::kInvalidInput, "cannot write " + path + ": " + reason);
}

}  // namespace balance::sandbox
