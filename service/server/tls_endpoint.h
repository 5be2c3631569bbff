#pragma once

// TLS of the gRPC port, with files that may be replaced while it serves.

#include <memory>

#include "clients/core/result.h"
#include "service/server/file_watcher.h"
#include "service/server/tls_files.h"
#include "service/server/tls_server_credentials.h"

namespace balance {

// Watches the files on a thread of its own.
class TlsEndpoint {
 public:
  // Repeated for certificates that come into force, or near their end, with time alone.
  static constexpr FileWatcher::Options kWatching{std::chrono::seconds(1),
                                                  std::chrono::seconds(10)};

  // Reads the files. Fails with a sentence that names what is wrong with which. `clock` and
  // `metrics` must outlive the endpoint.
  static Result<std::unique_ptr<TlsEndpoint>> Start(
      const TlsSettings& settings, const Clock& clock, Metrics& metrics,
      const FileWatcher::Options& watching = kWatching);

  // For one port of one server, which the endpoint must outlive.
  std::shared_ptr<grpc::ServerCredentials> credentials() const { return credentials_; }

 private:
  TlsEndpoint(const TlsSettings& settings, const Clock& clock, Metrics& metrics);

  TlsFiles files_;
  std::shared_ptr<TlsServerCredentials> credentials_;
  std::unique_ptr<FileWatcher> watcher_;
};

}  // namespace balance
