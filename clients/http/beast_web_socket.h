#pragma once

// WebSocketConnector over Boost.Beast. TLS is verified by the CAs that REST trusts; frames are
// bounded; a peer that answers no ping is given up.

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "clients/core/clock.h"
#include "clients/http/host_resolver.h"
#include "clients/http/trust_store.h"
#include "clients/http/vouched_sockets.h"
#include "clients/http/web_socket.h"

namespace balance {

// Used on its loop's thread only. An Open() or a socket's operation that is cancelled ends as
// failed.
class BeastConnector final : public WebSocketConnector {
 public:
  struct Options {
    // Sent with every upgrade. Some edges refuse default ones.
    std::string user_agent;
    // A connection on which nothing came for half of this is pinged, and given up if nothing came
    // for all of it.
    Duration ping_timeout = std::chrono::seconds(40);
    // Paths of the system's CAs, as SystemCas() returns them.
    TrustStores::System system_cas;
  };

  // `clock` must outlive the connector and its sockets.
  BeastConnector(boost::asio::io_context& loop, Clock& clock, Options options);

  boost::asio::awaitable<Result<WebSocketAnswer>> Open(WebSocketRequest request) override;
  void RenewTrust() override;

 private:
  class Opening;

  boost::asio::io_context& loop_;
  Clock& clock_;
  const Options options_;
  HostResolver resolver_;
  const std::shared_ptr<VouchedSockets> vouched_;
};

}  // namespace balance
