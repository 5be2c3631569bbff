#pragma once

// What the gRPC server shows and trusts in TLS handshakes, read from its files and checked as a
// whole: what would break handshakes is refused here, before anything uses it.

#include <chrono>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/secret.h"
#include "service/config/config.h"

namespace balance {

// Immutable, cheap to copy but for its texts.
struct TlsMaterial {
  // PEM: the server's certificate, then those that lead to its CA.
  std::string certificates;
  // PEM, of the first certificate.
  std::shared_ptr<const Secret> private_key;
  // PEM. Empty: clients show no certificate.
  std::string client_cas;
  // When the first of `certificates` ends.
  std::chrono::sys_seconds expires;

  // By what they hold.
  friend bool operator==(const TlsMaterial& a, const TlsMaterial& b);
};

// What is wrong with one of the files, for the person who has to repair it. Never quotes a file.
struct TlsIssue {
  // Of the configuration: tls.certificate_file, tls.private_key_file or tls.client_ca_file.
  std::string field;
  // Names the file.
  std::string problem;
  std::string remedy;
};

// One line, `FIELD: PROBLEM; REMEDY`, and the same of the other issues behind it.
std::string ToString(const std::vector<TlsIssue>& issues);

// Reads the files and accepts them if they would serve at `now`: all certificates can be read and
// are in force, each was issued by the one behind it and is strong enough for OpenSSL, the first is
// for servers and fits the key, the key is not accessible to others than its owner and group, and
// client_ca_file holds nothing but CAs, one of them in force. Else fails with one issue a file at
// most. Blocks on files. Thread-safe. REQUIRES: sodium_init() has succeeded.
tl::expected<TlsMaterial, std::vector<TlsIssue>> LoadTlsMaterial(const TlsSettings& settings,
                                                                 WallTime now);

}  // namespace balance
