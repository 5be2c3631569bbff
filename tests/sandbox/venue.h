#pragma once

// What distinguishes one upstream from the other; the rest of a side is SideHandler's.

#include <memory>
#include <string>

#include "tests/sandbox/http_message.h"
#include "tests/sandbox/socket_session.h"

namespace balance::sandbox {

// Who sends a request, as far as the request proves it.
struct Caller {
  // See RequestRecord::key.
  std::string key;
  // The whole of what was presented as login: what requests are limited by.
  std::string credential;
  std::string wallet;
  // What must never come twice; empty if the venue has no signatures.
  std::string signature;
  // True also where no login is needed.
  bool authenticated = false;
};

// Used on the sandbox's loop only.
class Venue {
 public:
  virtual ~Venue() = default;

  // Judges the credentials of `call`, without any effect.
  virtual Caller Identify(const HttpCall& call) = 0;

  // The true answer; 101: it is OpenSocket()'s to give. `in_flight`: requests of that credential
  // under way, this one included.
  virtual HttpReply Answer(const HttpCall& call, const Caller& caller, int in_flight) = 0;

  // The venue's end of the socket that `call` asked for. `peer` outlives what is returned, which is
  // never null. REQUIRES: Answer() said 101.
  virtual std::unique_ptr<SocketSession> OpenSocket(const HttpCall& call, const Caller& caller,
                                                    SocketPeer& peer) = 0;
};

}  // namespace balance::sandbox
