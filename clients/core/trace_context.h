#pragma once

// Which trace a call belongs to, as the caller says: W3C Trace Context, level 1.

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace balance {

// Name of the header, or of gRPC's metadata.
inline constexpr std::string_view kTraceParent = "traceparent";

// Holds lower-case hexadecimal digits only, so it can stand in logs and headers as it is.
struct TraceContext {
  std::array<char, 32> trace = {};
  // The caller's own span.
  std::array<char, 16> parent = {};

  // nullopt if `traceparent` is not valid, which is to be as if it had not been sent. One of a
  // version that is not known is read as far as version 00 goes.
  static std::optional<TraceContext> Parse(std::string_view traceparent);

  std::string_view trace_id() const { return {trace.data(), trace.size()}; }
  std::string_view parent_id() const { return {parent.data(), parent.size()}; }
  // The trace in the form of a UUID: "4bf92f35-77b3-4da6-a3ce-929d0e0e4736".
  std::string TraceUuid() const;

  friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

}  // namespace balance
