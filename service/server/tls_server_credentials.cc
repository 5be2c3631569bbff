#include "service/server/tls_server_credentials.h"

#include <arpa/inet.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <netdb.h>

#include <array>

#include "service/config/listen_address.h"

namespace balance {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

std::string WithPort(const std::string& host, int port) {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

// The addresses that a name stands for; the host itself if it is an address, or stands for none.
std::vector<std::string> NumericHosts(const std::string& host) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {host};
  const std::unique_ptr<addrinfo, FreeAddresses> list(found);
  std::vector<std::string> hosts;
  for (const addrinfo* next = found; next; next = next->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(next->ai_addr, next->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) == 0) {
      hosts.emplace_back(text.data());
    }
  }
  return hosts;
}

grpc_ssl_server_certificate_config* ToConfig(const TlsMaterial& material) {
  // gRPC wants it to end with a zero, and copies it.
  std::string key(material.private_key->Expose());
  const grpc_ssl_pem_key_cert_pair pair{key.c_str(), material.certificates.c_str()};
  // Debian's gRPC aborts without CAs, even where no client is asked for a certificate.
  const std::string& cas =
      material.client_cas.empty() ? material.certificates : material.client_cas;
  auto* const config = grpc_ssl_server_certificate_config_create(cas.c_str(), &pair, 1);
  Wipe(key);
  return config;
}

}  // namespace

struct TlsServerCredentials::Listener {
  // Called by gRPC as each connection arrives, one after another.
  static grpc_ssl_certificate_config_reload_status Fetch(
      void* listener, grpc_ssl_server_certificate_config** config) {
    auto& self = *static_cast<Listener*>(listener);
    auto newest = self.material.Get();
    if (newest == self.in_use) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    *config = ToConfig(*newest);
    self.in_use = std::move(newest);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  const Published<TlsMaterial>& material;
  std::shared_ptr<const TlsMaterial> in_use;
};

TlsServerCredentials::TlsServerCredentials(const Published<TlsMaterial>& material,
                                           bool ask_for_client_certificate,
                                           bool require_client_certificate)
    : material_(material),
      request_(!ask_for_client_certificate ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
               : require_client_certificate
                   ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                   : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY) {}

TlsServerCredentials::~TlsServerCredentials() = default;

void TlsServerCredentials::SetAuthMetadataProcessor(
    const std::shared_ptr<grpc::AuthMetadataProcessor>&) {}

// gRPC replaces a listener's TLS context without regard to a second socket of it, so each address
// gets a listener of its own.
int TlsServerCredentials::AddPortToServer(const std::string& address, grpc_server* server) {
  const auto parsed = ParseListenAddress(address);
  if (!parsed) return 0;
  int port = 0;
  for (const std::string& host : NumericHosts(parsed->host)) {
    const int bound = AddNumericPort(WithPort(host, port > 0 ? port : parsed->port), server);
    if (bound > 0) port = bound;
  }
  return port;
}

int TlsServerCredentials::AddNumericPort(const std::string& address, grpc_server* server) {
  listeners_.push_back(std::make_unique<Listener>(Listener{material_, nullptr}));
  grpc_server_credentials* const credentials = grpc_ssl_server_credentials_create_with_options(
      grpc_ssl_server_credentials_create_options_using_config_fetcher(request_, Listener::Fetch,
                                                                      listeners_.back().get()));
  const int port = grpc_server_add_http2_port(server, address.c_str(), credentials);
  grpc_server_credentials_release(credentials);
  return port;
}

}  // namespace balance
