#include "tests/toy_venue/toy_upstream.h"

#include <boost/asio/post.hpp>
#include <future>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "tests/sandbox/json_text.h"
#include "tests/toy_venue/venue.h"

namespace balance::toy {

sandbox::Caller ToyUpstreamVenue::Identify(const sandbox::HttpCall& call) {
  sandbox::Caller caller;
  caller.key = call.HeaderValue("X-Toy-Account");
  caller.credential = caller.key;
  caller.wallet = "main";
  caller.authenticated = caller.key == ToyUpstream::kAccount &&
                         call.HeaderValue("X-Toy-Token") == ToyUpstream::kToken &&
                         call.HeaderValue("X-Toy-Passphrase") == ToyUpstream::kPassphrase;
  return caller;
}

sandbox::HttpReply ToyUpstreamVenue::Answer(const sandbox::HttpCall& call,
                                            const sandbox::Caller& caller, int) {
  if (call.path != kFundsPath) return sandbox::TextReply(404, "nothing here\n");
  if (!caller.authenticated) return sandbox::JsonReply(401, R"({"error":"who are you"})");
  sandbox::JsonObject body;
  body.Text("currency", "USD");
  body.Text("free", ToyUpstream::kFree);
  body.Text("total", ToyUpstream::kTotal);
  return sandbox::JsonReply(200, body.Take());
}

// Answer() never says 101.
std::unique_ptr<sandbox::SocketSession> ToyUpstreamVenue::OpenSocket(const sandbox::HttpCall&,
                                                                     const sandbox::Caller&,
                                                                     sandbox::SocketPeer&) {
  throw std::logic_error("the toy venue has no sockets");
}

// Runs `work` on the loop and waits for what it returns.
template <typename Work>
auto ToyUpstream::Run(Work work) {
  std::packaged_task<std::invoke_result_t<Work>()> task(std::move(work));
  auto result = task.get_future();
  boost::asio::post(loop_, [&task] { task(); });
  return result.get();
}

ToyUpstream::ToyUpstream() {
  auto server = sandbox::HttpServer::Listen(loop_, 0, handler_, nullptr);
  if (!server) throw std::runtime_error(server.error().message);
  server_ = *std::move(server);
  thread_ = std::thread([this] { loop_.run(); });
}

ToyUpstream::~ToyUpstream() {
  Run([this] { server_->Stop(); });
  busy_.reset();
  thread_.join();
}

std::string ToyUpstream::BaseUrl() const {
  return "http://127.0.0.1:" + std::to_string(server_->port());
}

void ToyUpstream::Push(sandbox::Fault fault) {
  Run([&] { handler_.faults().Push(std::move(fault)); });
}

std::uint64_t ToyUpstream::Requests() {
  return Run([this] { return static_cast<std::uint64_t>(handler_.ReadCounters().total.requests); });
}

}  // namespace balance::toy
