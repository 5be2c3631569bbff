#pragma once

// The methods of balance.v1.BalanceService.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace balance {

inline constexpr const char* kBalanceServiceName = "balance.v1.BalanceService";

enum class RpcMethod : std::uint8_t {
  kGetAccountSnapshot,
  kGetSourceBalance,
  kBatchGetAccountSnapshots,
  kListAccountSnapshots,
  kListSources,
  kWatchAccountSnapshots,
};

// Names of the methods, indexed by RpcMethod. A test compares them and the service's name with the
// .proto file.
inline constexpr std::array<const char*, 6> kRpcMethodNames = {
    "GetAccountSnapshot",   "GetSourceBalance", "BatchGetAccountSnapshots",
    "ListAccountSnapshots", "ListSources",      "WatchAccountSnapshots"};

inline constexpr int kRpcMethodCount = static_cast<int>(kRpcMethodNames.size());

constexpr std::string_view NameOf(RpcMethod method) {
  return kRpcMethodNames[static_cast<std::size_t>(method)];
}

// True if a call is answered by any number of messages.
constexpr bool IsStreaming(RpcMethod method) { return method == RpcMethod::kWatchAccountSnapshots; }

constexpr std::optional<RpcMethod> RpcMethodOf(std::string_view name) {
  for (std::size_t i = 0; i < kRpcMethodNames.size(); ++i) {
    if (kRpcMethodNames[i] == name) return static_cast<RpcMethod>(i);
  }
  return std::nullopt;
}

}  // namespace balance
