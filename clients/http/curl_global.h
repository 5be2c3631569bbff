#pragma once

#include <string>

#include "clients/http/trust_store.h"

namespace balance {

// libcurl's process-wide state. Constructed by main before any thread, destroyed after the last
// transport. Has libcurl wipe all memory that it gives back. Takes SSLKEYLOGFILE out of the
// environment: libcurl would write the keys of its TLS sessions to that file. Throws
// std::runtime_error if libcurl cannot start.
class CurlGlobal {
 public:
  CurlGlobal();
  CurlGlobal(const CurlGlobal&) = delete;
  CurlGlobal& operator=(const CurlGlobal&) = delete;
  ~CurlGlobal();
};

// Version of libcurl and of the libraries that it uses, in its own words: "libcurl/7.88.1
// OpenSSL/3.0.17
// ...".
std::string CurlVersion();

// Paths at which the libcurl in use looks for CAs.
TrustStores::System SystemCas();

}  // namespace balance
