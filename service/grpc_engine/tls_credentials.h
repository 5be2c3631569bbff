#pragma once

// TLS of the second engine, with files that gRPC reads again by itself.

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "service/transport/tls_context.h"

namespace balance {

struct TlsCredentialFiles {
  // Files of PEM.
  std::string certificates;
  std::string private_key;
  // Empty where no client is asked for a certificate.
  std::string client_cas;
  ClientCertificates client_certificates = ClientCertificates::kNone;
};

// TLS 1.2 or newer. Looks for new files once a second. In contrast to the other engine it takes
// over what it finds unchecked: while certificate and key do not fit, handshakes fail; and open
// connections keep the identity that they have shown, whatever client CAs are withdrawn.
std::shared_ptr<grpc::ServerCredentials> MakeTlsCredentials(const TlsCredentialFiles& files);

}  // namespace balance
