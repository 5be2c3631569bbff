#include "tests/soak/service_process.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <thread>

namespace balance {
namespace {

// "grpc=HOST:PORT" of the file that the service writes when it serves.
std::string WaitForAddress(const std::string& path) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
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

void WriteSecret(const std::string& path, const std::string& secret) {
  std::ofstream(path) << secret;
  chmod(path.c_str(), S_IRUSR | S_IWUSR);
}

ServiceProcess::ServiceProcess(const std::string& program, const std::string& folder,
                               const std::string& yaml)
    : config_path_(folder + "/config.yaml") {
  const std::string ports = folder + "/ports";
  // That of one before it.
  std::filesystem::remove(ports);
  WriteConfig(yaml);
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ == 0) {
    // The sandbox's sockets are not for the service: an open one is never unplugged.
    close_range(STDERR_FILENO + 1, std::numeric_limits<unsigned>::max(), 0);
    execl(program.c_str(), program.c_str(), "--config", config_path_.c_str(), "--ports-file",
          ports.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }
  try {
    address_ = WaitForAddress(ports);
  } catch (...) {
    Stop();
    throw;
  }
}

ServiceProcess::~ServiceProcess() {
  if (pid_ > 0) Stop();
}

void ServiceProcess::WriteConfig(const std::string& yaml) const {
  const std::string fresh = config_path_ + ".new";
  std::ofstream(fresh) << yaml;
  std::filesystem::rename(fresh, config_path_);
}

void ServiceProcess::Reload(const std::string& yaml) const {
  WriteConfig(yaml);
  Signal(SIGHUP);
}

void ServiceProcess::Signal(int number) const { kill(pid_, number); }

void ServiceProcess::Kill() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string ServiceProcess::Stop() {
  int status = 0;
  kill(pid_, SIGTERM);
  waitpid(pid_, &status, 0);
  pid_ = -1;
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit " + std::to_string(WEXITSTATUS(status));
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
