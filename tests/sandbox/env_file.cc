#include "tests/sandbox/env_file.h"

#include "tests/sandbox/private_file.h"

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

}  // namespace

Result<void> WriteEnvFile(const std::string& path,
                          const std::vector<std::pair<std::string, std::string>>& variables) {
  std::string text;
  for (const auto& [name, value] : variables) {
    text.append(name).append("=").append(ShellWord(value)).append("\n");
  }
  return WritePrivateFile(path, text, 0600);
}

}  // namespace balance::sandbox
