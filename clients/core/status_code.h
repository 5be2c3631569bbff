#pragma once

// The status codes of gRPC (https://grpc.io/docs/guides/status-codes), for everything that must
// name one without knowing gRPC's library.

#include <cstdint>

namespace balance {

// The numbers travel on the wire.
enum class StatusCode : std::uint8_t {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

inline constexpr int kStatusCodeCount = static_cast<int>(StatusCode::kUnauthenticated) + 1;

}  // namespace balance
