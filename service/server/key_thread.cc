#include "service/server/key_thread.h"

#include <utility>

#include "clients/core/secret.h"

namespace balance {

KeyThread::KeyThread(std::vector<std::shared_ptr<const LoginKey>> keys) {
  if (keys.empty()) return;
  thread_ = std::thread([this, keys = std::move(keys)]() mutable {
    const SecretBatch batch;
    for (auto& key : keys) {
      if (is_stopped_) return;
      // Let go of it: the login may be gone long before this object is.
      std::exchange(key, nullptr)->Prepare();
    }
  });
}

KeyThread::~KeyThread() {
  is_stopped_ = true;
  if (thread_.joinable()) thread_.join();
}

std::vector<std::shared_ptr<const LoginKey>> KeyThread::KeysOf(const Config& config) {
  std::vector<std::shared_ptr<const LoginKey>> keys;
  for (const AccountConfig& account : config.accounts) {
    for (const SourceConfig& source : account.sources) {
      if (source.login.key) keys.push_back(source.login.key);
    }
  }
  return keys;
}

}  // namespace balance
