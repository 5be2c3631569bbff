#pragma once

// Exit codes, by which balancectl tells scripts how a command ended.

#include "proto/balance_v1.h"

namespace balance::ctl {

// The answer is complete: every source asked for is fresh. For `health`: SERVING.
inline constexpr int kExitComplete = 0;
// The call failed, or the server does not serve.
inline constexpr int kExitFailed = 1;
// There is an answer, but a source in it is stale or missing.
inline constexpr int kExitPartial = 2;
// The command line cannot be carried out, a file named in it that cannot be used included.
// EX_USAGE of sysexits.h.
inline constexpr int kExitUsage = 64;

// kExitComplete only if the snapshot says so itself; one that says nothing is partial.
int ExitCodeOf(const v1::AccountSnapshot& snapshot);

// kExitComplete if every account is complete, which no account at all is as well.
int ExitCodeOf(const v1::ListAccountSnapshotsResponse& answer);

}  // namespace balance::ctl
