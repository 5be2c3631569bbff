#pragma once

// Certificates of a test's own, good and bad.

#include <string>

namespace balance {

struct CertificateWish {
  // As OpenSSL writes it: "IP:127.0.0.1", "DNS:other.example".
  std::string subject_alt_name = "IP:127.0.0.1";
  // Valid from and until so many seconds from now.
  long not_before = -3600;
  long not_after = 3600;
  // Else a CA signs it.
  bool self_signed = false;
};

// Writes ca.pem, server.pem and server.key to the directory. Throws std::runtime_error.
void WriteCertificates(const std::string& directory, const CertificateWish& wish);

}  // namespace balance
