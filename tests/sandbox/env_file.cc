#include "tests/sandbox/env_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace balance::sandbox {
namespace {

// Quoted only where a shell would otherwise see more than a word.
std::string ShellWord(const std::string& value) {
  constexpr const char* kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:=+-";
  if (value.find_first_not_of(kPlain) == std::string::npos) return value;
  std::string word = "'";
  for (const char c : value) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

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

Result<void> WriteEnvFile(const std::string& path,
                          const std::vector<std::pair<std::string, std::string>>& variables) {
  std::string text;
  for (const auto& [name, value] : variables) {
    text.append(name).append("=").append(ShellWord(value)).append("\n");
  }
  const std::string temporary = path + ".new";
  unlink(temporary.c_str());
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  bool good = file >= 0 && WriteAll(file, text);
  if (file >= 0) good = close(file) == 0 && good;
  if (good && std::rename(temporary.c_str(), path.c_str()) == 0) return {};
  const std::string reason = std::generic_category().message(errno);
  if (file >= 0) unlink(temporary.c_str());
  return Fail(ErrorKind::kInvalidInput, "cannot write " + path + ": " + reason);
}

}  // namespace balance::sandbox
