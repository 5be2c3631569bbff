#pragma once

// TLS of the gRPC server, and its callers.

#include "service/config/config_document.h"

namespace balance {

// nullopt if the document has no `tls`, or one with an issue. The files are read and checked, not
// kept: who serves reads them again.
std::optional<TlsSettings> BuildTls(ConfigDocument& document);

// REQUIRES: listen, tls and accounts of `config` are built.
std::vector<CallerRule> BuildCallers(const Config& config, ConfigDocument& document);

}  // namespace balance
