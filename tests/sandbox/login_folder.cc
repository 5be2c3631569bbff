#include "tests/sandbox/login_folder.h"

#include <sodium.h>

#include <fstream>

#include "tests/sandbox/private_file.h"

namespace balance::sandbox {
namespace {

constexpr mode_t kForTheGroup = 0440;

// Reads the file into `secret`, or makes the file of it.
Result<void> UseFile(const std::string& path, std::string& secret) {
  if (std::ifstream file(path); file) {
    std::string line;
    if (!std::getline(file, line) || line.empty()) {
      return Fail(ErrorKind::kInvalidInput, path + " holds no login");
    }
    secret = line;
    return {};
  }
  return WritePrivateFile(path, secret + "\n", kForTheGroup);
}

}  // namespace

Result<void> UseLoginFolder(const std::string& folder, SandboxOptions& options) {
  if (sodium_init() < 0) return Fail(ErrorKind::kInternal, "libsodium cannot start");
  if (options.polymarket_keys.empty()) options.polymarket_keys = {GeneratePolymarketKey()};
  if (options.polysim_keys.empty()) options.polysim_keys = {GeneratePolysimKey()};
  PolymarketKey& polymarket = options.polymarket_keys.front();
  if (auto used = UseFile(folder + "/polymarket-us-key-id", polymarket.key_id); !used) return used;
  if (auto used = UseFile(folder + "/polymarket-us-secret", polymarket.secret_key); !used) {
    return used;
  }
  return UseFile(folder + "/polysimulator-key", options.polysim_keys.front().api_key);
}

}  // namespace balance::sandbox
