#include "service/server/rpc_port.h"

#include <optional>
#include <utility>

#include "service/config/listen_address.h"
#include "service/rpc/rpc_error.h"
#include "service/rpc/watch_limits.h"
#include "service/server/descriptor_share.h"
#include "service/transport/tls_context.h"
#include "service/transport/transport_server.h"

namespace balance {
namespace {

TransportLimits LimitsOf(const ServerSettings& settings) {
  TransportLimits limits;
  limits.age = settings.max_connection_age;
  // A stream that began just before lives to its own age.
  limits.lasting_grace =
      std::chrono::duration_cast<Duration>(settings.max_watch_age * (1 + WatchLimits::kAgeJitter)) +
      limits.grace;
  limits.connection_memory = static_cast<std::size_t>(settings.max_connection_memory);
  limits.connections = CallersShare();
  limits.overloaded = ToCallStatus(
      Overloaded(
          "too many answers wait to be taken, or too many cancelled calls are still worked on")
          .value());
  return limits;
}

ClientCertificates ClientCertificatesOf(const TlsSettings& settings) {
  if (settings.client_ca_file.empty()) return ClientCertificates::kNone;
  return settings.require_client_certificate ? ClientCertificates::kRequired
                                             : ClientCertificates::kOptional;
}

Result<std::shared_ptr<const TlsContext>> ContextOf(const TlsSettings& settings,
                                                    const TlsMaterial& material) {
  return TlsContext::Make({material.certificates, *material.private_key, material.client_cas,
                           ClientCertificatesOf(settings)});
}

Error CannotListen(const std::string& address, const Error& why) {
  return {ErrorKind::kInvalidInput, "cannot listen on " + address + " (listen): " + why.message};
}

}  // namespace

Result<std::unique_ptr<RpcPort>> RpcPort::Start(const Config& config, const MethodTable& methods,
                                                Clock& clock, Metrics& metrics,
                                                const FileWatcher::Options& watching,
                                                const GrpcEngine& grpc) {
  std::unique_ptr<RpcPort> port(new RpcPort());
  if (config.tls) {
    const auto loaded = port->LoadTls(*config.tls, clock, metrics);
    if (!loaded) return tl::unexpected(loaded.error());
  }
  const auto bound = port->Listen(config, methods, clock, grpc);
  if (!bound) return tl::unexpected(bound.error());
  port->port_ = *bound;
  if (config.tls) {
    port->watcher_ = std::make_unique<FileWatcher>(
        std::move(port->tls_states_), [files = port->tls_files_.get()] { files->Reload(); },
        watching);
  }
  return port;
}

Result<void> RpcPort::LoadTls(const TlsSettings& settings, Clock& clock, Metrics& metrics) {
  tls_files_ = std::make_unique<TlsFiles>(settings, clock, metrics);
  tls_states_ = StatesOf(tls_files_->paths());
  return tls_files_->Load();
}

Result<int> RpcPort::Listen(const Config& config, const MethodTable& methods, Clock& clock,
                            const GrpcEngine& grpc) {
  switch (config.server.engine) {
    case ServerEngine::kNghttp2:
      return ListenByNghttp2(config, methods, clock);
    case ServerEngine::kGrpc:
      return ListenByGrpc(config, methods, clock, grpc);
  }
  return Fail(ErrorKind::kInternal, "there is no such engine");
}

Result<int> RpcPort::ListenByNghttp2(const Config& config, const MethodTable& methods,
                                     Clock& clock) {
  auto server = std::make_unique<TransportServer>(
      methods, clock, TransportServer::Options{.limits = LimitsOf(config.server)});
  std::shared_ptr<const TlsContext> tls;
  if (tls_files_) {
    auto context = ContextOf(*config.tls, *tls_files_->material().Get());
    if (!context) return tl::unexpected(context.error());
    tls = *std::move(context);
  }
  const auto address = ParseListenAddress(config.listen);
  if (!address) return Fail(ErrorKind::kInvalidInput, "listen is not host:port");
  const auto bound = server->Start(address->host, address->port, std::move(tls));
  if (!bound) return tl::unexpected(CannotListen(config.listen, bound.error()));
  if (tls_files_) {
    tls_files_->OnChange([server = server.get(), settings = *config.tls](
                             const TlsMaterial& before, const TlsMaterial& now) -> Result<void> {
      auto context = ContextOf(settings, now);
      if (!context) return tl::unexpected(context.error());
      server->Replace(*std::move(context), before.client_cas != now.client_cas);
      return {};
    });
  }
  server_ = std::move(server);
  return *bound;
}

Result<int> RpcPort::ListenByGrpc(const Config& config, const MethodTable& methods, Clock& clock,
                                  const GrpcEngine& grpc) {
  std::optional<TlsCredentialFiles> tls;
  if (tls_files_) {
    // gRPC reads the files again by itself, and takes over what it finds.
    tls_files_->SayOnRefusal("new connections fail until they are mended");
    tls = TlsCredentialFiles{config.tls->certificate_file, config.tls->private_key_file,
                             config.tls->client_ca_file, ClientCertificatesOf(*config.tls)};
  }
  auto engine = grpc(methods, clock, LimitsOf(config.server), config.listen, tls);
  if (!engine) return tl::unexpected(CannotListen(config.listen, engine.error()));
  grpc_log_ = std::move(engine->log);
  server_ = std::move(engine->server);
  return engine->port;
}

}  // namespace balance
