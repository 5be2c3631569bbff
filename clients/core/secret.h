#pragma once

// Bytes that must not leak: guarded, locked where the system allows it, wiped on destruction, and
// without any way to be printed or compared in variable time.

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "clients/core/secret_memory.h"

namespace balance {

// Move-only; shared as std::shared_ptr<const Secret>. Immutable after construction, so it may be
// read from any thread. One that was moved from is empty. Making one costs system calls, fewer
// within a SecretBatch: for keys, never per request.
// REQUIRES: sodium_init() has succeeded.
class Secret {
 public:
  // Copies `bytes`; the caller wipes its own copy (see Wipe). Throws std::bad_alloc only if the
  // process is out of memory.
  explicit Secret(std::string_view bytes);
  Secret(Secret&&) noexcept = default;
  Secret& operator=(Secret&&) noexcept = default;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() = default;

  // The bytes, for the one call that needs them. Valid as long as the Secret.
  std::string_view Expose() const;
  std::span<const unsigned char> ExposeBytes() const;
  std::size_t size() const { return memory_ ? memory_.get_deleter().size : 0; }

  // Constant time for equal sizes.
  friend bool operator==(const Secret& a, const Secret& b);

 private:
  struct Release {
    std::size_t size = 0;
    void operator()(const unsigned char* memory) const;
  };

  std::unique_ptr<const unsigned char, Release> memory_;
};

// While one lives, secrets come and go for fewer system calls, and the pages in which they do stay
// writable: see SecretMemory::Batch. For what makes or drops the secrets of many accounts.
class SecretBatch {
 public:
  SecretBatch();

 private:
  SecretMemory::Batch batch_;
};

// Overwrites `text` with zeros in a way that the compiler keeps, then empties it.
void Wipe(std::string& text);

}  // namespace balance
