#include "tests/soak/service_process.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <thread>

namespace balance {
namespace {

using sandbox::Side;

void WriteSecret(const std::string& path, const std::string& secret) {
  std::ofstream(path) << secret;
  chmod(path.c_str(), S_IRUSR | S_IWUSR);
}

std::string Yaml(sandbox::Sandbox& upstreams, const std::string& folder) {
  return "listen: 127.0.0.1:0\n"
         "admin_listen: 127.0.0.1:0\n"
         "accounts:\n"
         "- id: desk-1\n"
         "  sources:\n"
         "  - id: polymarket-us\n"
         "    fund_class: REAL_MONEY\n"
         "    polymarket_us:\n"
         "      base_url: " +
         upstreams.BaseUrl(Side::kPolymarket) +
         "\n"
         "      key_id: {file: " +
         folder +
         "/key-id}\n"
         "      secret_key: {file: " +
         folder +
         "/secret-key}\n"
         "  - id: polysimulator\n"
         "    polysimulator:\n"
         "      base_url: " +
         upstreams.BaseUrl(Side::kPolysimulator) +
         "\n"
         "      api_key: {file: " +
         folder +
         "/api-key}\n"
         "cache: {ttl: " +
         std::to_string(ServiceProcess::kTtlSeconds) +
         "s, stale_while_revalidate: 2s, max_stale: " +
         std::to_string(ServiceProcess::kMaxStaleSeconds) +
         "s, min_refresh_interval: 0.2s}\n"
         "upstream: {attempt_timeout: 1s, refresh_budget: 2s, requests_per_second: " +
         std::to_string(ServiceProcess::kRequestsPerSecond) +
         ", burst: " + std::to_string(ServiceProcess::kBurst) +
         "}\n"
         "server: {drain_delay: 0s}\n";
}

// "grpc=HOST:PORT" of the file that the service writes when it serves.
std::string WaitForAddress(const std::string& path) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < give_up) {
    std::ifstream file(path);
    std::string line;
    while (std::getline(file, line)) {
      if (line.starts_with("grpc=")) return line.substr(5);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  throw std::runtime_error("balance-service did not serve in time; its log is above");
}

}  // namespace

ServiceProcess::ServiceProcess(const std::string& program, sandbox::Sandbox& upstreams,
                               const std::string& folder) {
  WriteSecret(folder + "/key-id", upstreams.polymarket_key().key_id);
  WriteSecret(folder + "/secret-key", upstreams.polymarket_key().secret_key);
  WriteSecret(folder + "/api-key", upstreams.polysim_key().api_key);
  const std::string config = folder + "/config.yaml";
  const std::string ports = folder + "/ports";
  std::ofstream(config) << Yaml(upstreams, folder);
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ == 0) {
    // The sandbox's sockets are not for the service: an open one is never unplugged.
    close_range(STDERR_FILENO + 1, std::numeric_limits<unsigned>::max(), 0);
    execl(program.c_str(), program.c_str(), "--config", config.c_str(), "--ports-file",
          ports.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  address_ = WaitForAddress(ports);
}

ServiceProcess::~ServiceProcess() {
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

long ServiceProcess::ResidentKib() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  }
  return 0;
}

}  // namespace balance
