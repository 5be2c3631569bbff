#pragma once

// Bytes that are written once and then shared: an encoded answer is sent to any number of callers
// without a copy of its own for each.

#include <cstddef>
#include <memory>
#include <string_view>

namespace balance {

// Immutable and thread-safe. Copies share the bytes and count their users.
class SharedBytes {
 public:
  SharedBytes() = default;
  // `write` is called once with a pointer to `size` bytes to fill.
  template <typename Write>
  SharedBytes(std::size_t size, const Write& write) : size_(size) {
    if (size == 0) return;
    // NOLINTNEXTLINE(modernize-avoid-c-arrays): its size is known at run time only.
    auto bytes = std::make_shared_for_overwrite<unsigned char[]>(size);
    write(bytes.get());
    bytes_ = std::move(bytes);
  }

  std::size_t size() const { return size_; }
  const unsigned char* data() const { return bytes_.get(); }
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes_.get()), size_}; }

 private:
  // NOLINTNEXTLINE(modernize-avoid-c-arrays): the same.
  std::shared_ptr<const unsigned char[]> bytes_;
  std::size_t size_ = 0;
};

}  // namespace balance
