#pragma once

// The way to the server: channel and bearer token from what the command line names.

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "clients/balancectl/args.h"

namespace balance::ctl {

// Reads the TLS files; connects only with the first call. The error is one sentence that names the
// file, never what is in it.
tl::expected<std::shared_ptr<grpc::Channel>, std::string> OpenChannel(const Args& args);

// The bearer token in `path`, white space around it taken off. Fails if it cannot be read, is
// empty, or holds anything but visible ASCII, which no metadata value may.
tl::expected<std::string, std::string> ReadToken(const std::string& path);

}  // namespace balance::ctl
