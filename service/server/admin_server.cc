#include "service/server/admin_server.h"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <list>
#include <set>
#include <string_view>
#include <thread>
#include <utility>

#include "service/server/accept_header.h"
#include "service/server/admin_connection.h"
#include "service/server/admin_listeners.h"
#include "service/server/admin_page.h"
#include "service/server/bound_address.h"
#include "service/server/status_query.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Time = std::chrono::steady_clock::time_point;

constexpr const char* kUsualText = "text/plain";
constexpr const char* kMetricsText = "text/plain; version=0.0.4; charset=utf-8";
constexpr const char* kOpenMetrics = "application/openmetrics-text; version=1.0.0";
constexpr const char* kOpenMetricsText =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";
constexpr unsigned kMethodNotAllowed = 405;
constexpr const char* kAllowedMethods = "GET, HEAD";
// Pause after accept() has failed, mostly for want of descriptors: trying at once would only spin.
constexpr auto kAcceptPause = std::chrono::milliseconds(50);

AdminAnswer Verdict(bool good, const char* word) {
  return good ? TextAnswer(200, "ok") : TextAnswer(503, word);
}

// All but construction and destruction runs on the loop's thread.
class AsyncAdminServer final : public AdminServer {
 public:
  AsyncAdminServer(Probes probes, const Limits& limits)
      : limits_(limits),
        routes_{Route{"/metrics",
                      kOpenMetrics,
                      {loop_.get_executor(), renderer_.get_executor(),
                       [render = std::move(probes.open_metrics)](const std::string&) {
                         return AdminAnswer{200, kOpenMetricsText, render(), {}};
                       }}},
                Route{"/metrics",
                      "",
                      {loop_.get_executor(), renderer_.get_executor(),
                       [render = std::move(probes.metrics)](const std::string&) {
                         return AdminAnswer{200, kMetricsText, render(), {}};
                       }}},
                Route{"/healthz",
                      "",
                      {loop_.get_executor(), prober_.get_executor(),
                       [probe = std::move(probes.healthy)](const std::string&) {
                         return Verdict(probe(), "stuck");
                       }}},
                Route{"/readyz",
                      "",
                      {loop_.get_executor(), loop_.get_executor(),
                       [probe = std::move(probes.ready)](const std::string&) {
                         return Verdict(probe(), "not serving");
                       }}}},
        status_json_(loop_.get_executor(), renderer_.get_executor(),
                     [render = std::move(probes.status)](const std::string&) {
                       return AdminAnswer{200, "application/json", render(), {{"Vary", "Accept"}}};
                     }),
        status_page_(loop_.get_executor(), renderer_.get_executor(),
                     [render = std::move(probes.status_page)](const std::string& query) {
                       AdminAnswer answer = render(query);
                       answer.headers.emplace_back("Vary", "Accept");
                       return answer;
                     }) {}

  Result<void> Listen(const std::string& address) {
    auto acceptors = balance::Listen(loop_, address, "admin_listen");
    if (!acceptors) return tl::unexpected(acceptors.error());
    address_ = BoundAddress(address, acceptors->front().local_endpoint().port());
    for (tcp::acceptor& acceptor : *acceptors) {
      listeners_.push_back({std::move(acceptor), asio::steady_timer(loop_)});
      Spawn(Accept(listeners_.back()));
    }
    thread_ = std::thread([this] { loop_.run(); });
    return {};
  }

  AsyncAdminServer(const AsyncAdminServer&) = delete;
  AsyncAdminServer& operator=(const AsyncAdminServer&) = delete;
  ~AsyncAdminServer() override {
    asio::post(loop_, [this] { Close(); });
    // All that runs on the loop ends by itself then.
    open_.reset();
    if (thread_.joinable()) thread_.join();
    prober_.join();
    renderer_.join();
  }

  std::string address() const override { return address_; }

 private:
  struct Listener {
    tcp::acceptor acceptor;
    // Cancelled when a connection has ended.
    asio::steady_timer room;
  };
  struct Client {
    Client(tcp::socket socket, const Limits& limits)
        : connection(std::move(socket), {limits.head_timeout, limits.answer_timeout}) {}

    AdminConnection connection;
    // The answer to the request; null until there is one.
    std::shared_ptr<const AdminAnswer> answer;
    // Time of the connection, and once its request has come, of that.
    Time since = std::chrono::steady_clock::now();
    bool is_answered = false;
    bool is_closed = false;
  };
  using Clients = std::list<Client>;
  struct Route {
    std::string_view path;
    // The format, for clients that prefer it; empty: for all others.
    std::string_view format;
    AdminPage page;
  };

  void Spawn(asio::awaitable<void> work) {
    asio::co_spawn(loop_, std::move(work), [](const std::exception_ptr& failure) {
      if (failure) std::rethrow_exception(failure);
    });
  }

  asio::awaitable<void> Accept(Listener& listener) {
    while (!closing_) {
      error_code error;
      tcp::socket socket =
          co_await listener.acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (error && !closing_) {
        if (!asking_.empty()) Close(asking_.front());
        co_await WaitForRoom(listener, std::chrono::steady_clock::now() + kAcceptPause);
      }
      if (error) continue;
      while (IsFull() && !closing_) co_await MakeRoom(listener);
      if (closing_) break;
      asking_.emplace_back(std::move(socket), limits_);
      Spawn(Serve(std::prev(asking_.end())));
    }
  }

  bool IsFull() const { return asking_.size() + answered_.size() >= limits_.connections; }

  // Closes the connection whose turn it is, or waits until one may be closed or has ended.
  asio::awaitable<void> MakeRoom(Listener& listener) {
    Client& oldest = asking_.empty() ? answered_.front() : asking_.front();
    const auto until = oldest.since + limits_.least_patience;
    if (until <= std::chrono::steady_clock::now()) Close(oldest);
    co_await WaitForRoom(listener, oldest.is_closed ? Time::max() : until);
  }

  // Waits until a connection has ended, or `until`.
  static asio::awaitable<void> WaitForRoom(Listener& listener, Time until) {
    listener.room.expires_at(until);
    error_code ignored;
    co_await listener.room.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  asio::awaitable<void> Serve(Clients::iterator self) {
    if (const auto request = co_await self->connection.Read()) {
      self->since = std::chrono::steady_clock::now();
      self->is_answered = true;
      answered_.splice(answered_.end(), asking_, self);
      co_await Answer(*request, *self);
    }
    self->connection.Close();
    (self->is_answered ? answered_ : asking_).erase(self);
    for (Listener& listener : listeners_) listener.room.cancel();
  }

  asio::awaitable<void> Answer(const AdminRequest& request, Client& client) {
    client.answer = co_await Find(request);
    BoundUntaken();
    co_await client.connection.Write(
        request.method, *client.answer,
        client.answer->status == kMethodNotAllowed ? kAllowedMethods : nullptr);
  }

  void BoundUntaken() {
    std::set<const AdminAnswer*> kept;
    std::size_t bytes = 0;
    for (auto client = answered_.rbegin(); client != answered_.rend(); ++client) {
      if (!client->answer || client->is_closed || kept.contains(client->answer.get())) continue;
      bytes += client->answer->body.size();
      if (kept.empty() || bytes <= limits_.untaken_bytes) {
        kept.insert(client->answer.get());
      } else {
        Close(*client);
      }
    }
  }

  asio::awaitable<std::shared_ptr<const AdminAnswer>> Find(const AdminRequest& request) {
    if (request.method == AdminRequest::Method::kOther) {
      co_return std::make_shared<const AdminAnswer>(
          TextAnswer(kMethodNotAllowed, "only GET and HEAD"));
    }
    if (request.path == "/" || request.path == "/statusz") co_return co_await FindStatus(request);
    for (Route& route : routes_) {
      if (route.path != request.path) continue;
      if (!route.format.empty() && !Prefers(request.accept, route.format, kUsualText)) continue;
      co_return co_await route.page.Get(std::string());
    }
    co_return std::make_shared<const AdminAnswer>(TextAnswer(404, "no such page"));
  }

  asio::awaitable<std::shared_ptr<const AdminAnswer>> FindStatus(const AdminRequest& request) {
    const StatusQuery query = StatusQuery::Parse(request.query);
    if (!WantsHtml(query, request.accept)) return status_json_.Get(std::string());
    return status_page_.Get(query.ToString());
  }

  static void Close(Client& client) {
    client.is_closed = true;
    client.connection.Close();
  }

  void Close() {
    closing_ = true;
    for (Listener& listener : listeners_) {
      listener.acceptor.close();
      listener.room.cancel();
    }
    for (Client& client : asking_) Close(client);
    for (Client& client : answered_) Close(client);
  }

  const Limits limits_;
  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> open_{loop_.get_executor()};
  asio::thread_pool renderer_{1};
  asio::thread_pool prober_{1};
  // Of those with one path, the first that the client prefers answers.
  std::array<Route, 4> routes_;
  AdminPage status_json_;
  AdminPage status_page_;
  std::string address_;
  std::list<Listener> listeners_;
  bool closing_ = false;
  // Clients whose requests have not come, ordered by the time of their connection.
  Clients asking_;
  // Clients whose requests have come, ordered by the time at which these came.
  Clients answered_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<AdminServer>> AdminServer::Start(const std::string& address, Probes probes,
                                                        const Limits& limits) {
  auto server = std::make_unique<AsyncAdminServer>(std::move(probes), limits);
  if (const auto listening = server->Listen(address); !listening) {
    return tl::unexpected(listening.error());
  }
  return server;
}

}  // namespace balance
