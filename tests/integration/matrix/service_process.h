#pragma once

// The real balance-service in a process of its own, so that a test sees it crash, exit or grow.

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace balance {

// Polls until `condition` holds; false if it does not within `patience`.
bool Becomes(const std::function<bool()>& condition,
             std::chrono::milliseconds patience = std::chrono::seconds(10));

// Used on one thread.
class ServiceProcess {
 public:
  // Serves when the constructor returns. `directory` takes the log and the ports file;
  // `environment` ("NAME=value") is added to the test's own. SIGPIPE is as a shell leaves it.
  // Throws std::runtime_error with the log if the service does not start.
  ServiceProcess(const std::string& config_path, const std::string& directory,
                 const std::vector<std::string>& environment = {});
  ServiceProcess(const ServiceProcess&) = delete;
  ServiceProcess& operator=(const ServiceProcess&) = delete;
  // Kills it if it still runs.
  ~ServiceProcess();

  pid_t pid() const { return pid_; }
  const std::string& grpc_address() const { return grpc_address_; }
  const std::string& admin_address() const { return admin_address_; }

  bool IsAlive();

  // Nothing if it has ended.
  void Signal(int number);

  // "exit 0", "signal 13" or the like once it has ended; "still running" after `patience`, which is
  // longer than the service allows itself for its stop.
  std::string End(std::chrono::milliseconds patience = std::chrono::seconds(30));

  // SIGTERM, and its end.
  std::string Stop();

  // All that it wrote to its output so far.
  std::string Log() const;

  // The most resident memory it has had so far.
  std::size_t PeakResidentBytes() const;

 private:
  bool Reap();
  bool ReadPorts();

  const std::string log_path_;
  const std::string ports_path_;
  pid_t pid_ = -1;
  // As waitpid() reports it, once it has ended.
  std::optional<int> end_;
  std::string grpc_address_;
  std::string admin_address_;
};

}  // namespace balance
