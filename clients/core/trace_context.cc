#include "clients/core/trace_context.h"

#include <algorithm>

#include "clients/core/ascii.h"

namespace balance {
namespace {

// 00-{32 digits}-{16 digits}-{2 digits}
constexpr std::size_t kTraceAt = 3;
constexpr std::size_t kParentAt = 36;
constexpr std::size_t kFlagsAt = 53;
constexpr std::size_t kLength = 55;

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return IsAsciiDigit(c) || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

std::optional<TraceContext> TraceContext::Parse(std::string_view traceparent) {
  if (traceparent.size() < kLength) return std::nullopt;
  const std::string_view version = traceparent.substr(0, 2);
  if (!IsHex(version) || version == "ff") return std::nullopt;
  // Later versions may say more behind it.
  const bool is_known = version == "00";
  if (traceparent.size() > kLength && (is_known || traceparent[kLength] != '-')) {
    return std::nullopt;
  }
  for (const std::size_t at : {kTraceAt, kParentAt, kFlagsAt}) {
    if (traceparent[at - 1] != '-') return std::nullopt;
  }
  TraceContext context;
  const std::string_view trace = traceparent.substr(kTraceAt, context.trace.size());
  const std::string_view parent = traceparent.substr(kParentAt, context.parent.size());
  const std::string_view flags = traceparent.substr(kFlagsAt, 2);
  if (!IsHex(trace) || !IsHex(parent) || !IsHex(flags)) return std::nullopt;
  if (IsZero(trace) || IsZero(parent)) return std::nullopt;
  std::copy(trace.begin(), trace.end(), context.trace.begin());
  std::copy(parent.begin(), parent.end(), context.parent.begin());
  return context;
}

std::string TraceContext::TraceUuid() const {
  std::string uuid(trace_id());
  for (const std::size_t at : {20U, 16U, 12U, 8U}) uuid.insert(at, 1, '-');
  return uuid;
}

}  // namespace balance
