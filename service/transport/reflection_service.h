#pragma once

// Server reflection, grpc.reflection.v1 and v1alpha: tells tools the schema of what is served.

#include <string>
#include <vector>

#include "service/transport/method_table.h"

namespace balance {

// Adds the methods. `services` are the full names of those that it tells of; it knows the files
// that declare them and all that these import, and no others of the process. REQUIRES: the services
// are in protobuf's pool of generated descriptors.
void AddReflectionService(MethodTable& methods, const std::vector<std::string>& services);

}  // namespace balance
