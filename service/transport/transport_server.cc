#include "service/transport/transport_server.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <random>
#include <utility>

namespace balance {
namespace {

// Of this process: std::thread::hardware_concurrency() counts those of the machine.
int UsableCores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (sched_getaffinity(0, sizeof(cores), &cores) != 0) return 1;
  return std::max(1, CPU_COUNT(&cores));
}

// Connections that are shed at a time when there is no room for another.
constexpr std::size_t kShedAtOnce = 16;
}  // namespace

TransportServer::TransportServer(const MethodTable& methods, Clock& clock, Options options)
    : limits_(options.limits), shared_{clock, methods, limits_, {}} {
  const int loops = options.loops > 0 ? options.loops : UsableCores();
  std::random_device seed;
  for (int i = 0; i < std::min(loops, kMostLoops); ++i) {
    loops_.push_back(std::make_unique<TransportLoop>(shared_, seed()));
  }
  for (const auto& loop : loops_) shared_.counters.push_back(&loop->counters());
}

TransportServer::~TransportServer() { Stop(); }

Result<std::uint16_t> TransportServer::Start(const std::string& host, std::uint16_t port,
                                             std::shared_ptr<const TlsContext> tls) {
  tls_.Publish(std::make_shared<const std::shared_ptr<const TlsContext>>(std::move(tls)));
  TransportLoop& first = *loops_.front();
  listener_ = std::make_unique<Listener>(
      first.io(), shared_.clock,
      [this](int socket, std::string peer) { OnAccept(socket, std::move(peer)); },
      [this] { OnExhausted(); });
  auto bound = listener_->Bind(host, port);
  if (!bound) return bound;
  is_running_ = true;
  for (const auto& loop : loops_) loop->Start();
  first.Post([this] { listener_->Start(); });
  return bound;
}

void TransportServer::Replace(std::shared_ptr<const TlsContext> tls, bool trust_changed) {
  tls_.Publish(std::make_shared<const std::shared_ptr<const TlsContext>>(tls));
  for (const auto& loop : loops_) loop->Revise(tls, trust_changed);
}

void TransportServer::Drain() {
  if (!is_running_) return;
  loops_.front()->Post([this] { listener_->Close(); });
  for (const auto& loop : loops_) loop->Drain();
}

void TransportServer::Stop() {
  if (!std::exchange(is_running_, false)) return;
  loops_.front()->Post([this] { listener_->Close(); });
  for (const auto& loop : loops_) loop->CloseConnections();
  for (const auto& loop : loops_) loop->Join();
}

TransportStats TransportServer::stats() const {
  TransportStats sum;
  for (const auto& loop : loops_) sum += loop->counters().Read();
  return sum;
}

std::vector<ConnectionInfo> TransportServer::Connections(std::chrono::milliseconds patience) const {
  std::vector<std::future<std::vector<ConnectionInfo>>> answers;
  for (const auto& loop : loops_) {
    auto answer = std::make_shared<std::promise<std::vector<ConnectionInfo>>>();
    answers.push_back(answer->get_future());
    loop->Post([&loop = *loop, answer] {
      loop.Refresh();
      answer->set_value(loop.Connections());
    });
  }
  const auto end = BootClock::now() + patience;
  std::vector<ConnectionInfo> all;
  for (auto& answer : answers) {
    if (answer.wait_until(end) != std::future_status::ready) continue;
    std::vector<ConnectionInfo> some = answer.get();
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

void TransportServer::OnAccept(int socket, std::string peer) {
  const TransportStats now = stats();
  const bool is_full = now.connections_open >= limits_.connections;
  // Those who do not take their answers make room for newcomers, who hold nothing yet.
  if (now.buffered_bytes > limits_.connection_memory) {
    for (const auto& loop : loops_) loop->ShedHeaviest();
  }
  if (is_full) {
    OnExhausted();
    // Later ones find the room that those which are shed leave.
    close(socket);
    return;
  }
  NextLoop().Adopt(socket, std::move(peer), *tls_.Get());
}

void TransportServer::OnExhausted() {
  for (const auto& loop : loops_) loop->ShedIdle(kShedAtOnce);
}

TransportLoop& TransportServer::NextLoop() {
  next_loop_ = (next_loop_ + 1) % loops_.size();
  return *loops_[next_loop_];
}

}  // namespace balance
