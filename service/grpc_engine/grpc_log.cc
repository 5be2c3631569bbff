#include "service/grpc_engine/grpc_log.h"

#include <grpc/support/log.h>

#include <memory>
#include <utility>

#include "clients/core/published.h"

namespace balance {
namespace {

using Write = std::function<void(const GrpcLogLine&)>;

Published<Write>& Writer() {
  // gRPC's threads may log until the process ends.
  static auto& writer = *new Published<Write>;
  return writer;
}

GrpcLogLevel LevelOf(gpr_log_severity severity) {
  switch (severity) {
    case GPR_LOG_SEVERITY_ERROR:
      return GrpcLogLevel::kError;
    case GPR_LOG_SEVERITY_INFO:
      return GrpcLogLevel::kInfo;
    case GPR_LOG_SEVERITY_DEBUG:
      return GrpcLogLevel::kDebug;
  }
  return GrpcLogLevel::kError;
}

void Log(gpr_log_func_args* args) {
  const auto write = Writer().Get();
  if (write) (*write)({LevelOf(args->severity), args->file, args->line, args->message});
}

}  // namespace

GrpcLog::GrpcLog(Write write) {
  Writer().Publish(std::make_shared<const Write>(std::move(write)));
  gpr_set_log_function(&Log);
}

GrpcLog::~GrpcLog() {
  gpr_set_log_function(nullptr);
  Writer().Publish(nullptr);
}

}  // namespace balance
