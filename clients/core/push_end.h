#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace balance {

// Why a push socket is no more, or why there is none.
enum class PushEnd : std::uint8_t {
  // Nothing was said on it.
  kSilent,
  // The venue closed it.
  kClosed,
  // It broke.
  kBroken,
  // The venue does not tell of changes, or said what is no message.
  kRefused,
  // Its credential was replaced.
  kReplaced,
  // The venue's certificate is not accepted any more.
  kDistrusted,
  // This service holds as many as it may.
  kNoRoom,
  // An attempt to connect has failed: the error beside this tells how.
  kNotConnected,
};

// Name of each PushEnd but kNotConnected, indexed by it.
inline constexpr std::array<std::string_view, static_cast<std::size_t>(PushEnd::kNotConnected)>
    kPushEndNames = {"SILENT", "CLOSED", "BROKEN", "REFUSED", "REPLACED", "DISTRUSTED", "NO_ROOM"};

}  // namespace balance
