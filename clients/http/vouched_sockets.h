#pragma once

// The CAs by which a loop's WebSockets are verified, and the sockets that live by them. A request's
// connection is made anew when the CAs may have changed; a socket lives for days, so it is judged
// again where it is.

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "clients/http/trust_store.h"

namespace balance {

// Used on its loop's thread only.
class VouchedSockets : public std::enable_shared_from_this<VouchedSockets> {
 public:
  // A socket over TLS, for as long as it is open.
  class Socket {
   public:
    virtual ~Socket() = default;

    virtual SSL* tls() = 0;
    // Path of the file with the CAs that vouch for it; see TrustStores::Of().
    virtual const std::string& ca_file() const = 0;
    // Called when the CAs do not vouch for the socket any more. May call Leave().
    virtual void OnDistrusted() = 0;
  };

  VouchedSockets(boost::asio::io_context& loop, TrustStores::System system)
      : loop_(loop), trust_(std::move(system)) {}

  TrustStores& trust() { return trust_; }
  // Number of times that the CAs were renewed.
  std::uint64_t renewals() const { return renewals_; }
  bool IsVouchedFor(Socket& socket) {
    return balance::IsVouchedFor(socket.tls(), trust_.Of(socket.ca_file()));
  }

  std::uint64_t Join(Socket& socket);
  void Leave(std::uint64_t id) { sockets_.erase(id); }

  // Reads the CAs again and judges all sockets by them, a few at a time.
  void Renew();

 private:
  // Judges the sockets whose ids are above `last`, a few at a time. Stops if a newer renewal than
  // `renewal` has begun, which judges all of them.
  void JudgeAfter(std::uint64_t last, std::uint64_t renewal);

  boost::asio::io_context& loop_;
  TrustStores trust_;
  std::uint64_t renewals_ = 0;
  std::uint64_t last_id_ = 0;
  // Open sockets, indexed by id.
  std::map<std::uint64_t, Socket*> sockets_;
};

}  // namespace balance
