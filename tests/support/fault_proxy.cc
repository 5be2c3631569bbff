#include "tests/support/fault_proxy.h"

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <list>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>

namespace balance {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::nanoseconds;

namespace {

constexpr nanoseconds kSecond = std::chrono::seconds(1);
constexpr std::size_t kBufferBytes = 16 * 1024;
// A slow line is slow in steps of this length.
constexpr int kBandwidthStepsPerSecond = 50;

auto Into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

// One connection of the client and the one that the proxy makes for it.
struct Link : std::enable_shared_from_this<Link> {
  Link(asio::io_context& loop, tcp::socket accepted)
      : client(std::move(accepted)), server(loop), pause(loop), expiry(loop) {}

  void Close() {
    error_code ignored;
    client.close(ignored);
    server.close(ignored);
    pause.cancel();
    expiry.cancel();
  }

  void Reset() {
    error_code ignored;
    if (client.is_open()) client.set_option(asio::socket_base::linger(true, 0), ignored);
    if (server.is_open()) server.set_option(asio::socket_base::linger(true, 0), ignored);
    Close();
  }

  bool IsOpen() const { return client.is_open(); }

  tcp::socket client;
  tcp::socket server;
  asio::steady_timer pause;
  asio::steady_timer expiry;
  // Bytes that reached the client since the toxics were set.
  std::uint64_t passed = 0;
};

}  // namespace

// Everything but the calling of its methods happens on its thread.
class FaultProxy::Impl {
 public:
  template <typename Work>
  auto RunAndWait(Work work) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto done = task.get_future();
    asio::post(loop_, std::move(task));
    return done.get();
  }

  explicit Impl(std::uint16_t server_port)
      : server_(asio::ip::address_v4::loopback(), server_port), acceptor_(loop_) {
    Bind();
    port_ = acceptor_.local_endpoint().port();
    Listen();
    thread_ = std::thread([this] { loop_.run(); });
  }

  ~Impl() {
    RunAndWait([this] {
      error_code ignored;
      acceptor_.close(ignored);
      ResetConnections();
    });
    work_.reset();
    thread_.join();
  }

  std::uint16_t port() const { return port_; }

  void Set(const Toxics& toxics) {
    toxics_ = toxics;
    for (const auto& link : links_) link->passed = 0;
  }

  void Down() {
    if (!up_) return;
    up_ = false;
    error_code ignored;
    acceptor_.close(ignored);
    // Bound but not listening: connecting is refused, and nobody else gets the port.
    Bind();
    ResetConnections();
  }

  void Up() {
    if (up_) return;
    up_ = true;
    Listen();
  }

  void ResetConnections() {
    for (const auto& link : links_) link->Reset();
  }

  FaultProxyStats stats() const {
    FaultProxyStats stats = stats_;
    stats.open_connections = links_.size();
    return stats;
  }

 private:
  using LinkPtr = std::shared_ptr<Link>;

  void Bind() {
    acceptor_.open(tcp::v4());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    acceptor_.bind({asio::ip::address_v4::loopback(), port_});
  }

  void Listen() {
    acceptor_.listen();
    asio::co_spawn(loop_, Accept(), asio::detached);
  }

  asio::awaitable<void> Accept() {
    while (true) {
      error_code error;
      tcp::socket socket = co_await acceptor_.async_accept(Into(error));
      if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) break;
      if (error) continue;
      asio::co_spawn(loop_, Serve(std::make_shared<Link>(loop_, std::move(socket))),
                     asio::detached);
    }
  }

  asio::awaitable<void> Serve(LinkPtr link) {
    ++stats_.connections;
    const auto self = links_.insert(links_.end(), link);
    if (toxics_.reset_peer == 0U) {
      link->Reset();
    } else if (toxics_.timeout) {
      co_await BeDeaf(*link);
    } else {
      co_await Connect(link);
    }
    links_.erase(self);
  }

  // Reads, so that a client that leaves is noticed.
  asio::awaitable<void> BeDeaf(Link& link) {
    CloseAfterTimeout(link);
    std::array<char, kBufferBytes> ignored;
    error_code error;
    while (!error) co_await link.client.async_read_some(asio::buffer(ignored), Into(error));
    link.Close();
  }

  void CloseAfterTimeout(Link& link) {
    if (*toxics_.timeout == std::chrono::milliseconds::zero()) return;
    link.expiry.expires_after(*toxics_.timeout);
    link.expiry.async_wait([self = link.shared_from_this()](const error_code& cancelled) {
      if (!cancelled) self->Close();
    });
  }

  asio::awaitable<void> Connect(LinkPtr link) {
    error_code error;
    co_await link->server.async_connect(server_, Into(error));
    if (error) {
      link->Reset();
      co_return;
    }
    link->client.set_option(tcp::no_delay(true), error);
    link->server.set_option(tcp::no_delay(true), error);
    asio::co_spawn(loop_, PumpToServer(link), asio::detached);
    co_await PumpToClient(*link);
  }

  asio::awaitable<void> PumpToServer(LinkPtr link) {
    std::array<char, kBufferBytes> buffer;
    while (true) {
      error_code error;
      const std::size_t read =
          co_await link->client.async_read_some(asio::buffer(buffer), Into(error));
      if (error == asio::error::eof) break;
      if (error) co_return link->Reset();
      if (toxics_.timeout) continue;
      co_await asio::async_write(link->server, asio::buffer(buffer.data(), read), Into(error));
      if (error) co_return;
      stats_.bytes_to_server += read;
    }
    error_code ignored;
    link->server.shutdown(tcp::socket::shutdown_send, ignored);
  }

  asio::awaitable<void> PumpToClient(Link& link) {
    std::array<char, kBufferBytes> buffer;
    while (true) {
      error_code error;
      const std::size_t read =
          co_await link.server.async_read_some(asio::buffer(buffer), Into(error));
      if (error == asio::error::eof) co_return link.Close();
      if (error) co_return link.Reset();
      co_await Deliver(link, std::string_view(buffer.data(), read));
      if (!link.IsOpen()) co_return;
    }
  }

  // Asks the toxics anew for each piece: they may change meanwhile.
  asio::awaitable<void> Deliver(Link& link, std::string_view bytes) {
    while (!bytes.empty() && link.IsOpen()) {
      if (toxics_.timeout) {
        CloseAfterTimeout(link);
        co_return;
      }
      if (EndIfSpent(link)) co_return;
      const std::string_view piece = bytes.substr(0, PieceSize(link, bytes.size()));
      co_await Wait(link, toxics_.latency);
      if (!link.IsOpen()) co_return;
      // Before the client can know of it and set other toxics.
      link.passed += piece.size();
      stats_.bytes_to_client += piece.size();
      error_code error;
      co_await asio::async_write(link.client, asio::buffer(piece.data(), piece.size()),
                                 Into(error));
      if (error) co_return link.Reset();
      if (EndIfSpent(link)) co_return;
      if (toxics_.bandwidth > 0) {
        co_await Wait(link, kSecond * piece.size() / toxics_.bandwidth);
      }
      bytes.remove_prefix(piece.size());
    }
  }

  bool EndIfSpent(Link& link) const {
    if (toxics_.reset_peer && link.passed >= *toxics_.reset_peer) {
      link.Reset();
    } else if (toxics_.limit_data && link.passed >= *toxics_.limit_data) {
      link.Close();
    }
    return !link.IsOpen();
  }

  std::size_t PieceSize(const Link& link, std::size_t most) const {
    std::uint64_t size = most;
    if (toxics_.slicer > 0) size = std::min<std::uint64_t>(size, toxics_.slicer);
    if (toxics_.bandwidth > 0) {
      size =
          std::min(size, std::max<std::uint64_t>(1, toxics_.bandwidth / kBandwidthStepsPerSecond));
    }
    for (const auto& limit : {toxics_.reset_peer, toxics_.limit_data}) {
      if (limit) size = std::min(size, *limit - link.passed);
    }
    return size;
  }

  static asio::awaitable<void> Wait(Link& link, nanoseconds time) {
    if (time <= nanoseconds::zero()) co_return;
    link.pause.expires_after(time);
    error_code ignored;
    co_await link.pause.async_wait(Into(ignored));
  }

  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(loop_);
  const tcp::endpoint server_;
  tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  bool up_ = true;
  Toxics toxics_;
  FaultProxyStats stats_;
  std::list<LinkPtr> links_;
  std::thread thread_;
};

FaultProxy::FaultProxy(std::uint16_t server_port) : impl_(std::make_unique<Impl>(server_port)) {}

FaultProxy::~FaultProxy() = default;

std::uint16_t FaultProxy::port() const { return impl_->port(); }

void FaultProxy::Set(Toxics toxics) {
  impl_->RunAndWait([this, &toxics] { impl_->Set(toxics); });
}

void FaultProxy::Down() {
  impl_->RunAndWait([this] { impl_->Down(); });
}

void FaultProxy::Up() {
  impl_->RunAndWait([this] { impl_->Up(); });
}

void FaultProxy::ResetConnections() {
  impl_->RunAndWait([this] { impl_->ResetConnections(); });
}

FaultProxyStats FaultProxy::stats() const {
  return impl_->RunAndWait([this] { return impl_->stats(); });
}

}  // namespace balance
