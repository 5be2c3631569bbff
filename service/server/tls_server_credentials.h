#pragma once

// TLS of a gRPC server whose certificate, key and client CAs may be replaced while it serves.
//
// gRPC 1.51's file watching provider would read files of its own and breaks every handshake while
// a pair does not fit; its certificate configuration fetcher, which only the C API has, takes what
// was checked from memory, leaves no key on any disk, and keeps the old one should OpenSSL refuse.

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>
#include <vector>

#include "clients/core/published.h"
#include "service/config/tls_material.h"

namespace balance {

// TLS 1.2 or newer. A handshake uses what is published when its connection is accepted; connections
// that are open stay as they are.
class TlsServerCredentials final : public grpc::ServerCredentials {
 public:
  // With client CAs in the material, clients are asked for a certificate that must lead to one of
  // them; `require_client_certificate`: they must have one. Both must outlive the server, as must
  // the credentials. REQUIRES: something is published before a port is added.
  TlsServerCredentials(const Published<TlsMaterial>& material, bool ask_for_client_certificate,
                       bool require_client_certificate);
  ~TlsServerCredentials() override;

  // None is used here: who calls is decided call by call. Does nothing.
  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>& processor) override;

 private:
  struct Listener;

  int AddPortToServer(const std::string& address, grpc_server* server) override;
  int AddNumericPort(const std::string& address, grpc_server* server);

  const Published<TlsMaterial>& material_;
  const grpc_ssl_client_certificate_request_type request_;
  std::vector<std::unique_ptr<Listener>> listeners_;
};

}  // namespace balance
