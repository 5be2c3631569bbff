#pragma once

// Page tokens of ListAccountSnapshots: the last account id of a page, tied to the request. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "proto/balance_v1.h"

namespace balance {

// For the page after `last_account`. Opaque, printable ASCII.
std::string MakePageToken(const v1::ListAccountSnapshotsRequest& request,
                          std::string_view last_account);

// The account id after which the page begins; nullopt if the token is malformed or was made for a
// request with another filter, policy or view.
std::optional<std::string> ReadPageToken(const v1::ListAccountSnapshotsRequest& request);

}  // namespace balance
