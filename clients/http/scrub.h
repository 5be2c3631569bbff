#pragma once

// Upstream text made fit for others: for one line of a log, or for a caller. Pure.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace balance {

// Longest scrubbed text in characters, its mark of truncation aside.
inline constexpr std::size_t kMaxLogText = 200;
// Most bytes of the upstream's text that are looked at for it.
inline constexpr std::size_t kMaxScrubbedText = std::size_t{8} * 1024;
// Longest request id in characters.
inline constexpr std::size_t kMaxRequestId = 128;
// Text that stands where a secret was.
inline constexpr std::string_view kSecretMask = "***";
// Length below which HoldsSecret() finds a secret only where it is the whole text: no venue gives
// out so short a secret, and it would be found in ordinary words.
inline constexpr std::size_t kShortestSearchedSecret = 4;

// Returns the beginning of `upstream_text`, fit for a log. Only its first kMaxScrubbedText
// characters count. Every occurrence of `secrets` is masked, and so is whatever looks like a
// credential (ps_live_..., ps_test_..., long runs of base64 or hexadecimal), also where it only
// begins within them. Control and non-ASCII characters become '?'. The result is cut to kMaxLogText
// characters, and "..." stands behind what was cut.
std::string ScrubForLog(std::string_view upstream_text, std::span<const std::string_view> secrets);

// True if `text` holds one of `secrets`, in upper or lower case, or text in the form of an API key
// (ps_live_..., ps_test_...). Unlike ScrubForLog() it does not judge by length: a request id has
// the length and the alphabet of many a key.
bool HoldsSecret(std::string_view text, std::span<const std::string_view> secrets);

// `text` if it is printable ASCII without spaces and at most kMaxRequestId long, else empty.
std::string CleanRequestId(std::string_view text);

}  // namespace balance
