#pragma once

// Describes a failed call in one line.

#include <grpcpp/support/status.h>

#include <string>

namespace balance::ctl {

// ErrorInfo.reason of a failed call; empty if it carries none.
std::string ReasonOf(const grpc::Status& status);

// `CODE (REASON): message [source=..., retry in 2.5s]` without a newline, safe for a terminal.
// Reason, metadata, field violations and retry delay come from the google.rpc.Status in the call's
// trailer. A failure without them came not from the service but from the way to it: it names
// `server` instead.
std::string DescribeRpcError(const grpc::Status& status, const std::string& server);

}  // namespace balance::ctl
