#pragma once

// Upstream text made fit for others: for one line of a log, or for a caller. Pure.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace balance {

// Longest scrubbed text, its mark of truncation aside.
inline constexpr std::size_t kMaxLogText = 200;
// How much of the upstream's text is read for it.
inline constexpr std::size_t kMaxScrubbedText = std::size_t{8} * 1024;
// Longest request id.
inline constexpr std::size_t kMaxRequestId = 128;
// Text that stands where a secret was.
inline constexpr std::string_view kSecretMask = "***";
// A shorter secret is none that a venue gives out and would be found in ordinary words, so
// HoldsSecret() finds it only where it is the whole text.
inline constexpr std::size_t kShortestSearchedSecret = 4;

// Of the first kMaxScrubbedText characters: masks every occurrence of `secrets` and whatever looks
// like a credential (ps_live_..., ps_test_..., long runs of base64 or hexadecimal), also where it
// only begins there, turns control and non-ASCII characters into '?', and cuts to kMaxLogText
// characters. "..." stands behind what was cut.
std::string ScrubForLog(std::string_view upstream_text, std::span<const std::string_view> secrets);

// Whether `text` holds one of `secrets`, in upper or lower case, or text in the form of an API key
// (ps_live_..., ps_test_...). Unlike ScrubForLog() it does not judge by length: a request id has
// the length and the alphabet of many a key.
bool HoldsSecret(std::string_view text, std::span<const std::string_view> secrets);

// `text` if it is printable ASCII without spaces and at most kMaxRequestId long, else empty.
std::string CleanRequestId(std::string_view text);

}  // namespace balance
