#pragma once

// Content negotiation by the Accept header of HTTP (RFC 9110, 12.5.1), as far as a page has another
// format.

#include <string_view>

namespace balance {

// Whether a client that sent `accept` wants `type` rather than `usual`, which it gets by default.
// Both are written as media types, such as "text/plain"; `type` may have a version:
// "application/x; version=1.0.0", and then is not meant by an entry of another version. An entry
// must name `type`: wildcards ask for `usual`. Of two that are wanted alike it is `type`, for it
// has been named. Entries that cannot be read count for nothing.
bool Prefers(std::string_view accept, std::string_view type, std::string_view usual);

}  // namespace balance
