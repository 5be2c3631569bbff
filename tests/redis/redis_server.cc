#include "tests/redis/redis_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

#include "clients/redis/redis_command.h"
#include "clients/redis/reply_reader.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPollInterval{2};
constexpr milliseconds kPatience{10'000};
// A port that was free may be taken by the time the server listens on it.
constexpr int kMostStarts = 10;

// One program under several names: it serves if it is called redis-server. Debian's package
// redis-tools has it as redis-check-rdb; the package redis-server, which has the other names, would
// start a server of its own.
std::string ServerProgram() {
  for (const char* path : {"/usr/bin/redis-server", "/usr/bin/redis-check-rdb"}) {
    if (access(path, X_OK) == 0) return path;
  }
  throw std::runtime_error("redis-tools is not installed; run ./dev install test");
}

std::uint16_t FreePort() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no free port");
  }
  close(listener);
  return ntohs(address.sin_port);
}

void Write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// Runs the program under a name of its own, no longer than this process.
pid_t Spawn(const std::string& program, std::string name, std::string configuration,
            const std::string& output) {
  const std::array<char*, 3> arguments = {name.data(), configuration.data(), nullptr};
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("cannot start " + program);
  if (child > 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  const int nothing = open("/dev/null", O_RDONLY);
  const int log = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(nothing, STDIN_FILENO);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  // What the test has open would stay open when the test closes it.
  close_range(STDERR_FILENO + 1, ~0U, 0);
  execv(program.c_str(), arguments.data());
  _exit(1);
}

// A connection that blocks; closed in the end.
class Socket {
 public:
  explicit Socket(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const timeval patience{5, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    is_connected_ =
        connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(socket_); }

  bool Ask(const std::vector<std::string>& command, RedisReply& answer) {
    std::string bytes;
    AppendCommand(bytes, {command.begin(), command.end()});
    if (!is_connected_ || send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return false;
    ReplyReader reader;
    std::array<char, 4096> buffer;
    while (true) {
      const ssize_t size = recv(socket_, buffer.data(), buffer.size(), 0);
      if (size <= 0) return false;
      reader.Feed({buffer.data(), static_cast<std::size_t>(size)});
      if (auto reply = reader.Next()) {
        answer = *std::move(reply);
        return true;
      }
      if (reader.is_broken()) return false;
    }
  }

 private:
  const int socket_;
  bool is_connected_ = false;
};

}  // namespace

RedisServer::RedisServer(Options options) : options_(std::move(options)) {
  folder_ = (std::filesystem::temp_directory_path() / "redis-test-XXXXXX").string();
  if (!mkdtemp(folder_.data())) throw std::runtime_error("no folder for redis-server");
  for (int i = 0; i < kMostStarts; ++i) {
    port_ = FreePort();
    tls_port_ = options_.certificate.empty() ? std::uint16_t{0} : FreePort();
    if (Start()) return;
  }
  throw std::runtime_error("redis-server does not start: " + Log());
}

RedisServer::~RedisServer() {
  Kill();
  std::filesystem::remove_all(folder_);
}

bool RedisServer::Start() {
  std::string text = "bind 127.0.0.1\nport " + std::to_string(port_) + "\ndir " + folder_ +
                     "\nlogfile " + folder_ + "/log\ndaemonize no\n";
  if (!options_.is_sentinel) text += "save \"\"\nappendonly no\nmaxmemory-policy noeviction\n";
  if (tls_port_ != 0) {
    Write(folder_ + "/cert.pem", options_.certificate);
    Write(folder_ + "/key.pem", options_.key);
    text += "tls-port " + std::to_string(tls_port_) + "\ntls-cert-file " + folder_ +
            "/cert.pem\ntls-key-file " + folder_ + "/key.pem\ntls-ca-cert-file " + folder_ +
            "/cert.pem\ntls-auth-clients no\n";
  }
  for (const auto& lines : {options_.settings, more_settings_}) {
    for (const std::string& line : lines) text += line + "\n";
  }
  Write(folder_ + "/redis.conf", text);

  pid_ = Spawn(ServerProgram(), options_.is_sentinel ? "redis-sentinel" : "redis-server",
               folder_ + "/redis.conf", folder_ + "/output");

  const auto end = steady_clock::now() + kPatience;
  while (steady_clock::now() < end) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return false;
    }
    if (Answers()) return true;
    std::this_thread::sleep_for(kPollInterval);
  }
  Kill();
  return false;
}

// As itself: another test may have been given the port in between.
bool RedisServer::Answers() const {
  RedisReply reply;
  if (!Socket(port_).Ask({"INFO", "server"}, reply)) return false;
  // It wants a password before it says anything.
  if (reply.IsError() && reply.text.starts_with("NOAUTH")) return true;
  return reply.text.find("process_id:" + std::to_string(pid_) + "\r\n") != std::string::npos;
}

RedisReply RedisServer::Command(const std::vector<std::string>& command) const {
  RedisReply reply;
  if (!Socket(port_).Ask(command, reply)) {
    throw std::runtime_error("redis-server does not answer: " + Log());
  }
  return reply;
}

void RedisServer::Freeze() {
  kill(pid_, SIGSTOP);
  int status = 0;
  waitpid(pid_, &status, WUNTRACED);
}

void RedisServer::Thaw() { kill(pid_, SIGCONT); }

void RedisServer::Kill() {
  if (pid_ == -1) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisServer::Restart(std::vector<std::string> more_settings) {
  Kill();
  more_settings_ = std::move(more_settings);
  // The port may be in TIME_WAIT or, rarely, taken for a moment.
  for (int i = 0; i < kMostStarts; ++i) {
    if (Start()) return;
  }
  throw std::runtime_error("redis-server does not start again: " + Log());
}

std::string RedisServer::Log() const {
  std::ifstream file(folder_ + "/log");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace balance
