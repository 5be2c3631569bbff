#pragma once

// The program balance-service, but for the list of its venues.

#include <string>
#include <vector>

#include "clients/venue/venue.h"
#include "service/server/grpc_engine.h"

namespace balance {

// Does what the command line asks for, at most until the process is told to stop, and returns the
// exit code. Once a process, from main(), before any thread has started. Says on stderr what is
// wrong with `venues`, if they cannot be (see FaultsOf()), and ends with EX_SOFTWARE. Where `grpc`
// is null and the configuration asks for that engine, becomes the program that has it.
int RunService(const std::vector<std::string>& arguments, const Venues& venues,
               const GrpcEngine& grpc = nullptr);

}  // namespace balance
