#pragma once

// TLS of the gRPC server, and its callers. `in_force` is null unless a running server shall take
// them over.

#include "service/config/config_document.h"
#include "service/config/in_force.h"

namespace balance {

// nullopt if the document has no `tls`, or one with an issue. The files are read and checked, not
// kept: who serves reads them again.
std::optional<TlsSettings> BuildTls(ConfigDocument& document, const InForce* in_force);

// REQUIRES: listen, tls and accounts of `config` are built.
std::vector<CallerRule> BuildCallers(const Config& config, ConfigDocument& document,
                                     const InForce* in_force);

}  // namespace balance
