#include "tests/integration/matrix/service_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace balance {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(2);
constexpr std::size_t kKibibyte = 1024;

std::string FileText(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

pid_t Spawn(std::vector<std::string> arguments, const std::vector<std::string>& environment,
            const std::string& log_path) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable; ++variable) variables.emplace_back(*variable);
  variables.insert(variables.end(), environment.begin(), environment.end());

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log_path.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  // It would hold open what a test closes.
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

  pid_t pid = -1;
  const int error = posix_spawn(&pid, arguments.front().c_str(), &files, &attributes,
                                Pointers(arguments).data(), Pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) throw std::runtime_error("cannot start " + arguments.front());
  return pid;
}

}  // namespace

bool Becomes(const std::function<bool()>& condition, std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(kPollInterval);
  }
  return true;
}

ServiceProcess::ServiceProcess(const std::string& config_path, const std::string& directory,
                               const std::vector<std::string>& environment)
    : log_path_(directory + "/service.log"), ports_path_(directory + "/ports") {
  std::filesystem::remove(ports_path_);
  pid_ = Spawn({BALANCE_SERVICE, "--config", config_path, "--ports-file", ports_path_}, environment,
               log_path_);
  if (Becomes([this] { return ReadPorts() || !IsAlive(); }) && IsAlive()) return;
  kill(pid_, SIGKILL);
  throw std::runtime_error("balance-service does not serve: " + Log());
}

ServiceProcess::~ServiceProcess() {
  if (end_) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

// The service writes the file in one step.
bool ServiceProcess::ReadPorts() {
  std::ifstream file(ports_path_);
  std::string grpc;
  std::string admin;
  if (!(file >> grpc >> admin)) return false;
  grpc_address_ = grpc.substr(grpc.find('=') + 1);
  admin_address_ = admin.substr(admin.find('=') + 1);
  return true;
}

bool ServiceProcess::Reap() {
  int status = 0;
  if (!end_ && waitpid(pid_, &status, WNOHANG) == pid_) end_ = status;
  return end_.has_value();
}

bool ServiceProcess::IsAlive() { return !Reap(); }

void ServiceProcess::Signal(int number) {
  if (IsAlive()) kill(pid_, number);
}

std::string ServiceProcess::End(std::chrono::milliseconds patience) {
  if (!Becomes([this] { return Reap(); }, patience)) return "still running";
  if (WIFSIGNALED(*end_)) return "signal " + std::to_string(WTERMSIG(*end_));
  return "exit " + std::to_string(WEXITSTATUS(*end_));
}

std::string ServiceProcess::Stop() {
  Signal(SIGTERM);
  return End();
}

std::string ServiceProcess::Log() const {
  // To open a pipe that nobody writes to is to wait for ever.
  if (!std::filesystem::is_regular_file(log_path_)) return "(the log is no file)";
  return FileText(log_path_);
}

std::size_t ServiceProcess::PeakResidentBytes() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  std::string word;
  std::size_t kibibytes = 0;
  while (status >> word) {
    if (word == "VmHWM:") status >> kibibytes;
  }
  return kibibytes * kKibibyte;
}

}  // namespace balance
