#pragma once

// Connects one login to its venue's push socket.

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string_view>

#include "clients/core/result.h"
#include "clients/http/web_socket.h"
#include "clients/venue/push_protocol.h"

namespace balance {

// Used on its shard's thread only.
class PushLogin {
 public:
  virtual ~PushLogin() = default;

  // The venue's name in texts for people.
  virtual std::string_view name() const = 0;

  // Number of requests by which a new connection uses up the login's rate.
  virtual int requests_of_a_connection() const { return 1; }

  // The request for one connection, with a credential made for it: never kept, never sent twice.
  // May ask the venue by REST. Errors as of a BalanceSource, kCredentialsRejected for a login that
  // cannot be sent included.
  virtual boost::asio::awaitable<Result<WebSocketRequest>> Prepare() = 0;

  // The error for which the venue refused the request that Prepare() made last; `refusal` is its
  // answer, not a 200 or 101.
  virtual Error Classify(const HttpResponse& refusal) = 0;

  // Makes the protocol of a socket that has just opened.
  virtual std::unique_ptr<PushProtocol> NewProtocol() const = 0;
};

}  // namespace balance
