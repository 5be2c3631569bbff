#pragma once

// balance-service as a process of its own, so that its memory can be watched.

#include <sys/types.h>

#include <string>

#include "tests/sandbox/sandbox.h"

namespace balance {

class ServiceProcess {
 public:
  // Of the configuration that it runs with; the budget is that of each credential.
  static constexpr int kRequestsPerSecond = 5;
  static constexpr int kBurst = 2;
  static constexpr int kTtlSeconds = 1;
  static constexpr int kMaxStaleSeconds = 30;

  // Starts `program` between `upstreams` and a free port, with its files in `folder`, and waits
  // until it listens. Throws std::runtime_error if it does not.
  ServiceProcess(const std::string& program, sandbox::Sandbox& upstreams,
                 const std::string& folder);
  ServiceProcess(const ServiceProcess&) = delete;
  ServiceProcess& operator=(const ServiceProcess&) = delete;
  // Asks it to stop and waits.
  ~ServiceProcess();

  const std::string& address() const { return address_; }
  // Resident memory in KiB; 0 if the process is gone.
  long ResidentKib() const;

 private:
  std::string address_;
  pid_t pid_ = -1;
};

}  // namespace balance
