#pragma once

// TLS of the second engine, with files that gRPC reads again by itself.

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "service/grpc_engine/tls_credential_files.h"

namespace balance {

// TLS 1.2 or newer. Looks for new files once a second. In contrast to the other engine it takes
// over what it finds unchecked: while certificate and key do not fit, handshakes fail; and open
// connections keep the identity that they have shown, whatever client CAs are withdrawn.
std::shared_ptr<grpc::ServerCredentials> MakeTlsCredentials(const TlsCredentialFiles& files);

}  // namespace balance
