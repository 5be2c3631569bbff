#pragma once

// What callers are told to ask for where their answer would be too large. Pure.

#include <string>

#include "service/access/rpc_method.h"
#include "service/snapshot/encode.h"

namespace balance {

// What makes the answer of the method smaller, as the end of a sentence. `detail`: of the request.
std::string SmallerAnswer(RpcMethod method, EncodeView detail);

}  // namespace balance
