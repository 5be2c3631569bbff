#include "service/server/tls_endpoint.h"

#include <utility>

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
  FileStates read = StatesOf(endpoint->files_.paths());
  if (const auto loaded = endpoint->files_.Load(); !loaded) return tl::unexpected(loaded.error());
  endpoint->watcher_ = std::make_unique<FileWatcher>(
      std::move(read), [files = &endpoint->files_] { files->Reload(); }, watching);
  return endpoint;
}

}  // namespace balance
