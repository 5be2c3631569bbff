#pragma once

// Bytes that are sent by reference, as a slice of gRPC: it counts its users by itself, so a call
// that sends them costs neither a copy nor an allocation.

#include <grpc/slice.h>

#include <string_view>

namespace balance {

inline std::string_view TextOf(const grpc_slice& slice) {
  return {reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(slice)), GRPC_SLICE_LENGTH(slice)};
}

// Immutable and thread-safe. Copies share the bytes.
class SharedBytes {
 public:
  SharedBytes() : slice_(grpc_empty_slice()) {}
  // Copies `bytes`, once.
  explicit SharedBytes(std::string_view bytes)
      : slice_(grpc_slice_from_copied_buffer(bytes.data(), bytes.size())) {}
  SharedBytes(const SharedBytes& other) : slice_(grpc_slice_ref(other.slice_)) {}
  SharedBytes& operator=(const SharedBytes& other) {
    const grpc_slice old = slice_;
    slice_ = grpc_slice_ref(other.slice_);
    grpc_slice_unref(old);
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
