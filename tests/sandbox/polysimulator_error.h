#pragma once

// PolySimulator's refusals, in each generation of its error bodies.

#include <string>

#include "tests/sandbox/http_message.h"
#include "tests/sandbox/switches.h"

namespace balance::sandbox {

struct PolysimulatorError {
  int status = 500;
  // Such as "INVALID_KEY"; empty: the venue has no code for it, and says {"detail":message}.
  std::string code;
  std::string message;
  // Whole seconds; 0: no Retry-After.
  int retry_after = 0;
};

// `verbose`: the request asked for X-Polysim-Verbose. `request_id` appears in the generations that
// repeat it in the body.
HttpReply ErrorReply(const PolysimulatorError& error, const PolysimSwitches& switches, bool verbose,
                     const std::string& request_id);

}  // namespace balance::sandbox
