#pragma once

// A channel of gRPC's library that is connected before its first call.

#include <grpcpp/channel.h>

#include <chrono>
#include <memory>
#include <stdexcept>

namespace balance {

// The channel, once it is connected. To be used where a test takes every failed call for a fault of
// the server: Debian's gRPC 1.51 looks at `errno` some calls after connect() has set it, so once in
// a while it takes a connection that is being made for one that has failed, and then it fails all
// calls for a second (grpc/grpc#35064, mended in 1.61). Throws std::runtime_error if nobody can be
// connected to.
inline std::shared_ptr<grpc::Channel> Connected(std::shared_ptr<grpc::Channel> channel) {
  constexpr auto kPatience = std::chrono::seconds(20);
  if (channel->WaitForConnected(std::chrono::system_clock::now() + kPatience)) return channel;
  throw std::runtime_error("no connection to the server under test");
}

}  // namespace balance
