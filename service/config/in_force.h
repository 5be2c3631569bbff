#pragma once

// What a running server keeps to until it is started again. A configuration that it shall take over
// is judged by this too: what it says of these settings itself is not in force yet.

#include <optional>
#include <string>

#include "service/config/config.h"

namespace balance {

struct InForce {
  // As in Config.
  std::string listen;
  std::optional<TlsSettings> tls;
  // Not everybody may see everything.
  bool has_callers = false;
};

}  // namespace balance
