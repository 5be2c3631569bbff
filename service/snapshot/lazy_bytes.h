#pragma once

// Bytes that are made when somebody first wants them, once for all.

#include <atomic>
#include <mutex>

#include "clients/core/shared_bytes.h"

namespace balance {

// Thread-safe. Costs next to nothing while nobody wants them.
class LazyBytes {
 public:
  // The bytes that `make` returned, which is called by the first caller only.
  template <typename Make>
  const SharedBytes& Get(const Make& make) const {
    if (!is_made_.load(std::memory_order_acquire)) {
      std::call_once(once_, [&] {
        bytes_ = make();
        is_made_.store(true, std::memory_order_release);
      });
    }
    return bytes_;
  }

 private:
  mutable std::once_flag once_;
  mutable std::atomic<bool> is_made_ = false;
  mutable SharedBytes bytes_;
};

}  // namespace balance
