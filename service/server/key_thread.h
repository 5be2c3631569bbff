#pragma once

// Prepares the keys of logins beside the start, so that neither the start nor the first requests
// wait for them.

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "clients/venue/login.h"
#include "service/config/config.h"

namespace balance {

class KeyThread {
 public:
  // Prepares all keys on a thread of its own, one after the other, in the order of `keys`.
  explicit KeyThread(std::vector<std::shared_ptr<const LoginKey>> keys);
  KeyThread(const KeyThread&) = delete;
  KeyThread& operator=(const KeyThread&) = delete;
  // Waits for the key that is being prepared; prepares no more.
  ~KeyThread();

  // All keys of a configuration.
  static std::vector<std::shared_ptr<const LoginKey>> KeysOf(const Config& config);

 private:
  std::atomic<bool> is_stopped_ = false;
  std::thread thread_;
};

}  // namespace balance
