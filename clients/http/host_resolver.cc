#include "clients/http/host_resolver.h"

#include <netdb.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <cstring>
#include <map>
#include <system_error>
#include <thread>
#include <utility>

#include "clients/core/mutex.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using Question = std::pair<std::string, std::uint16_t>;

HostResolver::Endpoints LookUp(const Question& question) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  HostResolver::Endpoints endpoints;
  const std::string port = std::to_string(question.second);
  if (getaddrinfo(question.first.c_str(), port.c_str(), &hints, &found) != 0) return endpoints;
  for (const addrinfo* info = found; info; info = info->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (info->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), info->ai_addr, info->ai_addrlen);
    endpoint.resize(info->ai_addrlen);
    endpoints.push_back(endpoint);
  }
  freeaddrinfo(found);
  return endpoints;
}

}  // namespace

// Shared with the threads, which may outlive the resolver.
struct HostResolver::State : std::enable_shared_from_this<State> {
  explicit State(asio::io_context& its_loop) : loop(&its_loop) {}

  // Tells those who wait for the name. Called on the loop.
  void Answer(const Question& question, const Endpoints& endpoints) {
    const auto waits = asked.extract(question);
    if (!waits) return;
    for (const auto& weak : waits.mapped()) {
      const auto wait = weak.lock();
      if (!wait) continue;
      wait->is_answered = true;
      wait->endpoints = endpoints;
      wait->done.cancel();
    }
  }

  // Hands the answer over to the loop. Called on any thread.
  void Post(const Question& question, Endpoints endpoints) {
    const MutexLock lock(mutex);
    if (!loop) return;
    asio::post(*loop, [self = shared_from_this(), question, endpoints = std::move(endpoints)] {
      self->Answer(question, endpoints);
    });
  }

  Mutex mutex;
  // Null once the resolver is gone.
  asio::io_context* loop BALANCE_GUARDED_BY(mutex);
  // Callers that wait for each name that is being asked for. Used on the loop only.
  std::map<Question, std::vector<std::weak_ptr<Wait>>> asked;
};

HostResolver::HostResolver(asio::io_context& loop) : state_(std::make_shared<State>(loop)) {}

HostResolver::~HostResolver() {
  const MutexLock lock(state_->mutex);
  state_->loop = nullptr;
}

void HostResolver::Resolve(const std::string& host, std::uint16_t port,
                           const std::shared_ptr<Wait>& wait) {
  const auto [place, is_new] = state_->asked.try_emplace({host, port});
  place->second.push_back(wait);
  if (!is_new) return;
  try {
    std::thread([state = state_, question = place->first] {
      state->Post(question, LookUp(question));
    }).detach();
  } catch (const std::system_error&) {
    // The system has no more threads: the name counts as not resolved.
    state_->Post(place->first, {});
  }
}

}  // namespace balance
