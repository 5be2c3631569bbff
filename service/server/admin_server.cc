#include "service/server/admin_server.h"

#include <CivetServer.h>

#include <chrono>
#include <future>
#include <utility>
#include <vector>

#include "service/config/listen_address.h"
#include "service/server/bound_address.h"

namespace balance {
namespace {

// A client that connects and says no more holds a thread for as long as the timeout.
constexpr const char* kThreads = "64";
constexpr const char* kRequestTimeoutMs = "1000";
constexpr auto kKnockInterval = std::chrono::milliseconds(5);

struct Page {
  int status;
  const char* content_type;
  std::string body;
};

class PageHandler final : public CivetHandler {
 public:
  explicit PageHandler(std::function<Page()> render) : render_(std::move(render)) {}

  bool handleGet(CivetServer*, mg_connection* connection) override {
    const Page page = render_();
    mg_printf(connection,
              "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
              "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
              page.status, page.status == 200 ? "OK" : "Service Unavailable", page.content_type,
              page.body.size());
    mg_write(connection, page.body.data(), page.body.size());
    return true;
  }

 private:
  const std::function<Page()> render_;
};

Page Verdict(bool good, const char* word) {
  return {good ? 200 : 503, "text/plain; charset=utf-8", good ? "ok\n" : std::string(word) + "\n"};
}

class CivetAdminServer final : public AdminServer {
 public:
  CivetAdminServer(const std::string& address, Probes probes)
      : metrics_([render = std::move(probes.metrics)] {
          return Page{200, "text/plain; version=0.0.4; charset=utf-8", render()};
        }),
        healthy_([probe = std::move(probes.healthy)] { return Verdict(probe(), "stuck"); }),
        ready_([probe = std::move(probes.ready)] { return Verdict(probe(), "not serving"); }),
        status_([render = std::move(probes.status)] {
          return Page{200, "application/json", render()};
        }),
        server_(std::vector<std::string>{"listening_ports", address, "num_threads", kThreads,
                                         "request_timeout_ms", kRequestTimeoutMs,
                                         "enable_directory_listing", "no"}) {
    server_.addHandler("/metrics$", metrics_);
    server_.addHandler("/healthz$", healthy_);
    server_.addHandler("/readyz$", ready_);
    server_.addHandler("/statusz$", status_);
    address_ = BoundAddress(address, server_.getListeningPorts().front());
  }

  // civetweb notices a stop when a connection arrives, or else after two seconds.
  ~CivetAdminServer() override {
    const auto closed = std::async(std::launch::async, [this] { server_.close(); });
    while (closed.wait_for(kKnockInterval) != std::future_status::ready) Knock();
  }

  std::string address() const override { return address_; }

 private:
  void Knock() const {
    const auto bound = ParseListenAddress(address_);
    char error[128];
    mg_connection* connection =
        mg_connect_client(bound->host.c_str(), bound->port, 0, error, sizeof error);
    if (connection) mg_close_connection(connection);
  }

  std::string address_;
  PageHandler metrics_;
  PageHandler healthy_;
  PageHandler ready_;
  PageHandler status_;
  CivetServer server_;
};

}  // namespace

Result<std::unique_ptr<AdminServer>> AdminServer::Start(const std::string& address, Probes probes) {
  if (!ParseListenAddress(address)) {
    return Fail(ErrorKind::kInvalidInput,
                "admin_listen: \"" + address + "\" is not host:port, such as 127.0.0.1:9464");
  }
  try {
    return std::make_unique<CivetAdminServer>(address, std::move(probes));
  } catch (const CivetException&) {
    return Fail(ErrorKind::kInvalidInput,
                "cannot listen on " + address +
                    " (admin_listen): the port is in use or the address is not of this machine; "
                    "choose another");
  }
}

}  // namespace balance
