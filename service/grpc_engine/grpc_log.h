#pragma once

// Catches the log of gRPC's library, which its own threads would otherwise write to standard error.

#include <cstdint>
#include <functional>
#include <string_view>

namespace balance {

enum class GrpcLogLevel : std::uint8_t { kDebug, kInfo, kError };

// A line, and the place in gRPC's sources that it comes from: strangers cause some of them.
struct GrpcLogLine {
  GrpcLogLevel level;
  std::string_view file;
  int line;
  std::string_view text;
};

// Takes over the log of the whole process while it lives; one at a time.
class GrpcLog {
 public:
  // Calls `write` on any thread, also on several at a time.
  explicit GrpcLog(std::function<void(const GrpcLogLine&)> write);
  GrpcLog(const GrpcLog&) = delete;
  GrpcLog& operator=(const GrpcLog&) = delete;
  ~GrpcLog();
};

}  // namespace balance
