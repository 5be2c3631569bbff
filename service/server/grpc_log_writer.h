#pragma once

#include "service/grpc_engine/grpc_log.h"

namespace balance {

// Writes a line of gRPC's to the process's log, but few from one place: strangers cause some of
// them. Thread-safe.
void WriteGrpcLogLine(const GrpcLogLine& line);

}  // namespace balance
