#pragma once

// One TLS handshake with a gRPC server, by OpenSSL and not by gRPC.

#include <string>

#include "tests/support/test_ca.h"

namespace balance {

struct Probe {
  // PEM of the CA that the server must lead to.
  std::string ca;
  // Empty: none is shown.
  TestCertificate certificate = {};
  // As OpenSSL numbers them; 0: the newest that there is.
  int newest_version = 0;
};

struct ProbeResult {
  // The server has accepted the client and begun to speak HTTP/2.
  bool accepted = false;
  // PEM of the certificate that the server showed, if it came to that.
  std::string server_certificate;
  // As "TLSv1.3".
  std::string version;
  // OpenSSL's reason for a refusal.
  std::string refusal;
};

// Connects to host:port. Throws std::runtime_error if no connection can be made.
ProbeResult Handshake(const std::string& address, const Probe& probe);

}  // namespace balance
