#include "tests/sandbox/fault_queue.h"

#include <algorithm>

namespace balance::sandbox {
namespace {

bool Meets(const Fault& fault, const HttpCall& call, const std::string& key) {
  return (fault.path.empty() || fault.path == call.path) &&
         (fault.key.empty() || fault.key == key) &&
         (!fault.reused_connection_only || call.number_on_connection > 1);
}

}  // namespace

std::optional<Fault> FaultQueue::Take(const HttpCall& call, const std::string& key) {
  const auto found = std::find_if(faults_.begin(), faults_.end(),
                                  [&](const Fault& fault) { return Meets(fault, call, key); });
  if (found == faults_.end()) return std::nullopt;
  const Fault fault = *found;
  if (found->count == 1) {
    faults_.erase(found);
  } else if (found->count > 1) {
    --found->count;
  }
  return fault;
}

}  // namespace balance::sandbox
