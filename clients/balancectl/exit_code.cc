#include "clients/balancectl/exit_code.h"

#include <algorithm>

namespace balance::ctl {

int ExitCodeOf(const v1::AccountSnapshot& snapshot) {
  return snapshot.completeness().complete() ? kExitComplete : kExitPartial;
}

int ExitCodeOf(const v1::ListAccountSnapshotsResponse& answer) {
  const bool complete =
      answer.unreachable().empty() &&
      std::all_of(answer.snapshots().begin(), answer.snapshots().end(),
                  [](const auto& snapshot) { return ExitCodeOf(snapshot) == kExitComplete; });
  return complete ? kExitComplete : kExitPartial;
}

}  // namespace balance::ctl
