#pragma once

// Trouble with TLS in sentences: what gRPC takes without a word and what it reports too darkly.
// Pure.

#include <grpcpp/support/status.h>

#include <optional>
#include <string>

#include "clients/balancectl/args.h"

namespace balance::ctl {

// The contents of the files that TlsFlags names; empty where it names none.
struct TlsTexts {
  std::string cas;
  std::string certificate;
  std::string key;
};

// Why no handshake could be made with these files, in a sentence that names one; nullopt if nothing
// speaks against it.
std::optional<std::string> CheckTlsTexts(const TlsFlags& flags, const TlsTexts& texts);

// What may help after a call that failed on its way to the server; empty if nothing is known.
std::string ConnectionHint(const grpc::Status& status, const TlsFlags& flags);

}  // namespace balance::ctl
