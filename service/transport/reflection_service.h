#pragma once

// Server reflection, grpc.reflection.v1 and v1alpha: tells tools the schema of what is served.

#include <functional>
#include <string>
#include <vector>

#include "service/transport/method_table.h"

namespace balance {

// Adds the methods. `services` are the full names of those that it tells of; it knows the files
// that declare them and all that these import, and no others of the process. REQUIRES: the services
// are in protobuf's pool of generated descriptors. `is_served`: whether there is reflection at
// present; null: always.
void AddReflectionService(MethodTable& methods, const std::vector<std::string>& services,
                          const std::function<bool()>& is_served = nullptr);

}  // namespace balance
