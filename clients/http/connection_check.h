#pragma once

// Judges, by its socket, whether a connection is fit to carry a request. libcurl 7.88 does not: it
// takes bytes that came in on an idle connection for the next answer, and looks for a connection's
// end once a second at most.

#include <openssl/types.h>

#include <optional>

#include "clients/core/connection_observer.h"
#include "clients/core/error.h"

namespace balance {

struct OpenConnection {
  // A connected socket that does not block.
  int socket = -1;
  // Null without TLS.
  SSL* tls = nullptr;
  // True if no request was sent on it yet.
  bool is_new = false;
};

// True if a certificate that the connection was verified by has expired.
bool HasExpired(const SSL* tls);

// The reason not to write a request to the connection now; nullopt if it is fit. Whatever can be
// read makes it unfit. Only a new TLS connection may hold unread records: those that end the
// handshake, session tickets above all. They come before the first answer, so they make no
// connection unfit for its second request. A TLS connection is also unfit once a certificate that
// it was verified by has expired.
std::optional<ConnectionDrop> WhyUnfit(const OpenConnection& connection);

// The failure of a request that could not be written even to a new connection.
Error NewConnectionUnfit(ConnectionDrop why);

// Number of bytes sent that the peer has not acknowledged; nullopt if there is no such socket. Data
// that arrives acknowledges what the peer had received when it sent them, so an answer that comes
// while bytes of the request are unacknowledged was sent before the request had arrived. Linux
// notes what data acknowledge before it delivers them; other TCP stacks may do so a moment later.
std::optional<int> UnacknowledgedBytes(int socket);

}  // namespace balance
