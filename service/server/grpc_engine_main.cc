// balance-service with gRPC's library on its port. Run by balance-service where the configuration
// says `server.engine: GRPC`.

#include <utility>

#include "clients/core/standard_descriptors.h"
#include "service/grpc_engine/generic_server.h"
#include "service/grpc_engine/grpc_log.h"
#include "service/server/grpc_log_writer.h"
#include "service/server/run_service.h"
#include "service/server/venues.h"

namespace balance {
namespace {

Result<RunningEngine> StartEngine(const MethodTable& methods, Clock& clock,
                                  const TransportLimits& limits, const std::string& listen,
                                  const std::optional<TlsCredentialFiles>& tls) {
  auto log = std::make_shared<GrpcLog>(&WriteGrpcLogLine);
  auto server = std::make_unique<GenericServer>(methods, clock, limits);
  const auto port = server->Start(listen, tls);
  if (!port) return tl::unexpected(port.error());
  return RunningEngine{std::move(log), std::move(server), *port};
}

}  // namespace
}  // namespace balance

int main(int argc, char** argv) {
  return balance::RunService({argv + 1, argv + argc}, balance::AllVenues(), &balance::StartEngine);
}
