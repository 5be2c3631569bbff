#pragma once

// The CAs by which upstreams' certificates are verified, parsed once and shared by all connections.
// libcurl parses the system's for each connection, which takes OpenSSL 3.0 tens of milliseconds of
// the loop, and keeps the result, more than a megabyte, as long as the connection.

#include <openssl/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace balance {

// Used on its loop's thread only.
class TrustStores {
 public:
  // Paths of the system's CAs: a file and a directory of files named by hash. Either may be empty.
  struct System {
    std::string file;
    std::string directory;
  };

  explicit TrustStores(System system);
  TrustStores(const TrustStores&) = delete;
  TrustStores& operator=(const TrustStores&) = delete;
  ~TrustStores();

  // The system's CAs or, where `ca_file` is not empty, those in that file and in the system's
  // directory. Reads again what has changed on the disk, or was renewed. Null if a file cannot be
  // read or holds no certificate. Valid until the next call; who keeps it takes a reference.
  X509_STORE* Of(const std::string& ca_file);

  // Has every store read again when it is needed next.
  void Renew() { stores_.clear(); }

 private:
  // State of a file, as far as it tells of a change: inode, size and time of the last change; zeros
  // if there is no such file.
  using FileState = std::array<std::int64_t, 4>;
  struct Free {
    void operator()(X509_STORE* store) const;
  };
  struct Entry {
    std::unique_ptr<X509_STORE, Free> store;
    std::array<FileState, 2> states{};
  };

  static FileState StateOf(const std::string& path);
  std::unique_ptr<X509_STORE, Free> Load(const std::string& file) const;

  const System system_;
  // Store of each CA file, indexed by its path; that of "" holds the system's CAs.
  std::map<std::string, Entry> stores_;
};

// True if the certificate that the peer of `tls` has shown is still accepted, by `store` and for
// the host that it was accepted for.
bool IsVouchedFor(SSL* tls, X509_STORE* store);

// Has the connections of `context` verified by `store`, which they share. libcurl then reports each
// certificate that is not accepted as CURLE_PEER_FAILED_VERIFICATION.
void Trust(SSL_CTX* context, X509_STORE* store);

}  // namespace balance
