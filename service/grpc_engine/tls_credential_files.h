#pragma once

// The files that the second engine's TLS is made of.

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

}  // namespace balance
