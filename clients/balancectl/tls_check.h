#pragma once

// Explains trouble with TLS in sentences: settings that gRPC takes without a word, and failures
// that it reports too darkly. Pure.

#include <grpcpp/support/status.h>

#include <optional>
#include <string>

#include "clients/balancectl/args.h"

namespace balance::ctl {

// Contents of the files that TlsFlags names; a text is empty where no file is named.
struct TlsTexts {
  std::string cas;
  std::string certificate;
  std::string key;
};

// A sentence that says why no TLS handshake could be made with these files, and names one of them;
// nullopt if nothing speaks against it.
std::optional<std::string> CheckTlsTexts(const TlsFlags& flags, const TlsTexts& texts);

// A hint what to try after a call that failed on its way to the server; empty if nothing is known.
std::string ConnectionHint(const grpc::Status& status, const TlsFlags& flags);

}  // namespace balance::ctl
