#pragma once

// Bytes that are sent by reference, as a slice of gRPC: it counts its users by itself, so a call
// that sends them costs neither a copy nor an allocation.

#include <grpc/slice.h>

#include <cstddef>
#include <string_view>
#include <utility>

namespace balance {

inline std::string_view TextOf(const grpc_slice& slice) {
  return {reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(slice)), GRPC_SLICE_LENGTH(slice)};
}

// Immutable and thread-safe. Copies share the bytes; ThreadSanitizer does not see gRPC count them,
// so threads of a test that it judges share an object instead.
class SharedBytes {
 public:
  SharedBytes() : slice_(grpc_empty_slice()) {}
  // `write` is called once, with where to write `size` bytes.
  template <typename Write>
  SharedBytes(std::size_t size, const Write& write) : slice_(grpc_slice_malloc(size)) {
    write(GRPC_SLICE_START_PTR(slice_));
  }
  SharedBytes(SharedBytes&& other) noexcept
      : slice_(std::exchange(other.slice_, grpc_empty_slice())) {}
  SharedBytes(const SharedBytes& other) : slice_(grpc_slice_ref(other.slice_)) {}
  SharedBytes& operator=(SharedBytes other) noexcept {
    std::swap(slice_, other.slice_);
    return *this;
  }
  ~SharedBytes() { grpc_slice_unref(slice_); }

  // Stays this object's: who keeps it longer takes a reference.
  const grpc_slice& slice() const { return slice_; }

  std::string_view view() const { return TextOf(slice_); }

 private:
  grpc_slice slice_;
};

}  // namespace balance
