#pragma once

// balance-service as a process of its own, so that its memory and its end can be watched.

#include <sys/types.h>

#include <string>

namespace balance {

// Used on one thread, but for address().
class ServiceProcess {
 public:
  // Starts `program` with the configuration file `yaml` and waits until it serves. Its files, and
  // those that the configuration names, are in `folder`. Its log goes to standard error. Throws
  // std::runtime_error if it does not serve.
  ServiceProcess(const std::string& program, const std::string& folder, const std::string& yaml);
  ServiceProcess(const ServiceProcess&) = delete;
  ServiceProcess& operator=(const ServiceProcess&) = delete;
  // Stops it if Stop() was not called.
  ~ServiceProcess();

  // Address of its gRPC port, as host:port.
  const std::string& address() const { return address_; }
  // Resident memory in KiB; 0 if the process is gone.
  long ResidentKib() const;

  // Replaces the configuration file in one step and has it read.
  void Reload(const std::string& yaml) const;

  // Sends it a signal that does not end it, such as SIGSTOP.
  void Signal(int number) const;

  // Ends it at once.
  void Kill();

  // Asks it to stop and waits. "exit 0", or "signal 11" and the like of one that crashed.
  std::string Stop();

 private:
  void WriteConfig(const std::string& yaml) const;

  const std::string config_path_;
  std::string address_;
  pid_t pid_ = -1;
};

// Writes a file that only its owner may read.
void WriteSecret(const std::string& path, const std::string& secret);

}  // namespace balance
