#include "service/grpc_engine/tls_credentials.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

namespace balance {
namespace {

constexpr unsigned kSecondsBetweenReads = 1;

grpc_ssl_client_certificate_request_type RequestOf(ClientCertificates certificates) {
  switch (certificates) {
    case ClientCertificates::kNone:
      return GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
    case ClientCertificates::kOptional:
      return GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY;
    case ClientCertificates::kRequired:
      return GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  }
  return GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
}

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeTlsCredentials(const TlsCredentialFiles& files) {
  using grpc::experimental::FileWatcherCertificateProvider;
  const bool asks = files.client_certificates != ClientCertificates::kNone;
  const auto provider =
      asks ? std::make_shared<FileWatcherCertificateProvider>(
                 files.private_key, files.certificates, files.client_cas, kSecondsBetweenReads)
           : std::make_shared<FileWatcherCertificateProvider>(files.private_key, files.certificates,
                                                              kSecondsBetweenReads);
  grpc::experimental::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  if (asks) options.watch_root_certs();
  options.set_cert_request_type(RequestOf(files.client_certificates));
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace balance
