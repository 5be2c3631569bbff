#pragma once

// Upstream text made fit for one line of a log. Pure.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace balance {

// Longest scrubbed text, its mark of truncation aside.
inline constexpr std::size_t kMaxLogText = 200;
// Longest request id.
inline constexpr std::size_t kMaxRequestId = 128;

// Masks every occurrence of `secrets` and whatever looks like a credential (ps_live_...,
// ps_test_..., long runs of base64 or hexadecimal), turns control and non-ASCII characters into
// '?', and cuts to kMaxLogText characters with "..." behind.
std::string ScrubForLog(std::string_view upstream_text, std::span<const std::string_view> secrets);

// `text` if it is printable ASCII without spaces and at most kMaxRequestId long, else empty.
std::string CleanRequestId(std::string_view text);

}  // namespace balance
