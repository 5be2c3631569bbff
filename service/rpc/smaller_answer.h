#pragma once

// Advice for callers whose answer would be too large. Pure.

#include <string>

#include "service/access/rpc_method.h"
#include "service/snapshot/encode.h"

namespace balance {

// Advice that makes the answer of the method smaller, as the end of a sentence. `detail` is what
// the request asks for.
std::string SmallerAnswer(RpcMethod method, EncodeView detail);

}  // namespace balance
