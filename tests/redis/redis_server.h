#pragma once

// A real redis-server, or a Sentinel, in a process of its own on loopback.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "clients/redis/byte_stream.h"
#include "clients/redis/redis_reply.h"

namespace balance {

// Used on one thread.
class RedisServer {
 public:
  struct Options {
    // Lines of its configuration beside those that every server of a test has.
    std::vector<std::string> settings = {};
    bool is_sentinel = false;
    // PEM texts. Not empty: there is a port that speaks TLS, beside the plain one.
    std::string certificate = {};
    std::string key = {};
  };

  // Serves when the constructor returns. Throws std::runtime_error with its log if it does not
  // start, or is not installed.
  explicit RedisServer(Options options);
  RedisServer() : RedisServer(Options()) {}
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  // Kills it if it still runs.
  ~RedisServer();

  HostPort address() const { return {"127.0.0.1", port_}; }
  HostPort tls_address() const { return {"127.0.0.1", tls_port_}; }

  // Runs a command as the default user on a connection of its own. Throws std::runtime_error if
  // there is no answer.
  RedisReply Command(const std::vector<std::string>& command) const;

  // Lets it run no instruction, and lets it run on.
  void Freeze();
  void Thaw();
  // Ends it at once, and starts it again on its ports: without its data, for it keeps none but
  // what a SAVE has written. `more_settings` are lines of the configuration beside those of the
  // options, until the next restart.
  void Kill();
  void Restart(std::vector<std::string> more_settings = {});

  std::string Log() const;

 private:
  bool Start();
  bool Answers() const;

  const Options options_;
  std::vector<std::string> more_settings_;
  std::string folder_;
  std::uint16_t port_ = 0;
  std::uint16_t tls_port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace balance
