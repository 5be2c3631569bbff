#pragma once

// Servers that are restarted, each always at the same address, and a stock client of several.

#include <grpcpp/channel.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/matrix/service_process.h"
#include "tests/integration/service/running_service.h"

namespace balance {

// Used on one thread.
class Replica {
 public:
  using YamlOf = std::function<std::string(const std::string& listen)>;

  // `host` is on loopback and of no other use, so that nobody takes the port between two starts.
  Replica(const std::string& host, YamlOf yaml);

  const std::string& address() const { return address_; }
  void Start() { Start(address_); }
  std::string Stop() { return process_->Stop(); }

  // The value of a metric, such as "balance_watch_streams" or one with its labels; 0 if there is
  // none.
  double Metric(const std::string& series) const;
  // Calls of a method since its start.
  int Calls(const std::string& method) const;

 private:
  void Start(const std::string& listen);

  const YamlOf yaml_;
  const TemporaryDirectory files_;
  std::unique_ptr<ServiceProcess> process_;
  std::string address_;
};

// The service config that is published for clients.
std::string PublishedConfig();

// A stock client of all these servers, which shares no connection with others. It connects again
// when gRPC sees fit, after a second or so.
std::shared_ptr<grpc::Channel> ClientOf(const std::vector<std::string>& addresses,
                                        const std::string& service_config);

}  // namespace balance
