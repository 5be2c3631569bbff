#include "tests/integration/matrix/replica.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

namespace balance {

Replica::Replica(const std::string& host, YamlOf yaml) : yaml_(std::move(yaml)) {
  Start(host + ":0");
  address_ = process_->grpc_address();
}

void Replica::Start(const std::string& listen) {
  const std::string config = files_.Write("config.yaml", yaml_(listen));
  process_ = std::make_unique<ServiceProcess>(config, files_.Path("."));
}

double Replica::Metric(const std::string& series) const {
  const std::string metrics = HttpGet(process_->admin_address(), "/metrics");
  const auto at = metrics.find("\n" + series);
  if (at == std::string::npos) return 0;
  return std::atof(metrics.c_str() + metrics.find(' ', at + 1 + series.size()));
}

int Replica::Calls(const std::string& method) const {
  return static_cast<int>(Metric("grpc_server_started_total{grpc_method=\"" + method + "\""));
}

std::string PublishedConfig() {
  std::ifstream file(SERVICE_CONFIG_FILE);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::shared_ptr<grpc::Channel> ClientOf(const std::vector<std::string>& addresses,
                                        const std::string& service_config) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(service_config);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  std::string target;
  for (const std::string& address : addresses) {
    target += (target.empty() ? "ipv4:" : ",") + address;
  }
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace balance
