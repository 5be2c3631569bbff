#pragma once

// Makes the channel to the server, and the bearer token, from what the command line names.

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "clients/balancectl/args.h"

namespace balance::ctl {

// Reads the TLS files and makes the channel, which connects with the first call only. The error is
// one sentence that names the file, never what is in it.
tl::expected<std::shared_ptr<grpc::Channel>, std::string> OpenChannel(const Args& args);

// Reads the bearer token in the file `path`, without the white space around it. Fails if the file
// cannot be read, is empty, or holds anything but visible ASCII, which no metadata value may.
tl::expected<std::string, std::string> ReadToken(const std::string& path);

}  // namespace balance::ctl
