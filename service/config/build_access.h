#pragma once

// TLS of the gRPC server, and its callers.

#include "service/config/config_document.h"

namespace balance {

// nullopt if the document has no `tls`, or one with an issue. Whether the files hold what they
// should is for LoadTlsMaterial().
std::optional<TlsSettings> BuildTls(ConfigDocument& document);

// REQUIRES: listen, tls and accounts of `config` are built.
std::vector<CallerRule> BuildCallers(const Config& config, ConfigDocument& document);

}  // namespace balance
