#include "service/server/tls_endpoint.h"

namespace balance {

TlsEndpoint::TlsEndpoint(const TlsSettings& settings, const Clock& clock, Metrics& metrics)
    : files_(settings, clock, metrics),
      credentials_(std::make_shared<TlsServerCredentials>(files_.material(),
                                                          !settings.client_ca_file.empty(),
                                                          settings.require_client_certificate)) {}

Result<std::unique_ptr<TlsEndpoint>> TlsEndpoint::Start(const TlsSettings& settings,
                                                        const Clock& clock, Metrics& metrics,
                                                        const FileWatcher::Options& watching) {
  std::unique_ptr<TlsEndpoint> endpoint(new TlsEndpoint(settings, clock, metrics));
  if (const auto loaded = endpoint->files_.Load(); !loaded) return tl::unexpected(loaded.error());
  // What changed since is seen with the first repetition.
  endpoint->watcher_ = std::make_unique<FileWatcher>(
      endpoint->files_.paths(), [files = &endpoint->files_] { files->Reload(); }, watching);
  return endpoint;
}

}  // namespace balance
