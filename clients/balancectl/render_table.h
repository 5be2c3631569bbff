#pragma once

// Answers of the service as text that a person likes to read. Pure: the same message, time and
// canvas give the same text, which ends with a newline. Amounts are shown digit for digit as they
// came. Every text of an answer is made safe for a terminal (terminal_text.h).

#include <string>

#include "clients/balancectl/terminal_text.h"
#include "clients/balancectl/time_text.h"
#include "proto/balance_v1.h"

namespace balance::ctl {

// One account: real and simulated money in blocks of their own, then how complete it is. Ages are
// counted to the answer's own `serve_time`, so that a clock that differs from the server's does not
// falsify them; `now` stands in if it is unset.
std::string RenderSnapshot(const v1::AccountSnapshot& snapshot, WallTime now, const Canvas& canvas);

// Accounts one below the other, then a summary.
std::string RenderSnapshotList(const v1::ListAccountSnapshotsResponse& answer, WallTime now,
                               const Canvas& canvas);

// Sources by account, with the condition of the way to each.
std::string RenderSources(const v1::ListSourcesResponse& answer, WallTime now,
                          const Canvas& canvas);

}  // namespace balance::ctl
