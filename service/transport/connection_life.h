#pragma once

// How long a connection lives, and by which steps it ends. Values only: no clock, no socket.

#include <cstdint>
#include <optional>

#include "clients/core/clock.h"
#include "service/transport/transport_limits.h"
#include "service/transport/transport_stats.h"

namespace balance {

// A connection that is to end is told so in two steps (RFC 9113, section 6.8): a first GOAWAY names
// no last call, so that calls which are on their way are served; once its peer knows, a second one
// names the last call, and calls in progress get their grace. Its owner tells what happens, and
// does what is due. Used on one thread.
class ConnectionLife {
 public:
  enum class Phase : std::uint8_t {
    // The peer has not said hello.
    kHello,
    kServing,
    // The first GOAWAY and a PING were sent.
    kNoticed,
    // The last call was named.
    kEnding,
    // Nothing more is sent; the peer may still read what was.
    kLingering,
    kClosed,
  };

  // To be done because time is up.
  enum class Due : std::uint8_t {
    kNothing,
    // To ask a silent peer whether it is still there; OnPingSent() follows.
    kPing,
    // To drain the connection, because of `why`.
    kDrain,
    // To name the last call; End() follows, for the reason that holds already.
    kLastCall,
    // To close the connection, because of `why`.
    kClose,
  };
  struct Step {
    Due due = Due::kNothing;
    ConnectionEnd why = ConnectionEnd::kClosed;
  };

  // Calls of the connection.
  struct Calls {
    bool are_open = false;
    // Some are streams that end by themselves, or did a moment ago.
    bool are_lasting = false;
  };

  // The connection begins now. `limits` must outlive it. `jitter`, from 0 to 1: where within the
  // spread of ages its own lies.
  ConnectionLife(const TransportLimits& limits, SteadyTime now, double jitter);

  // --- What happens -----------------------------------------------------------------------------

  // Bytes have come from the peer.
  void OnHeard(SteadyTime now) {
    last_heard_ = now;
    ping_sent_.reset();
  }
  // The peer has taken bytes, so it is alive although it is not read from meanwhile.
  void OnTaken(SteadyTime now) { last_heard_ = now; }
  // Headers or data of a call have come, or data has left.
  void OnTraffic(SteadyTime now) { last_call_ = now; }
  // The peer said hello. Returns whether the connection is to be drained now, because that was
  // asked for before.
  bool OnHello();
  void OnPingSent(SteadyTime now) { ping_sent_ = now; }
  // The peer has answered a PING.
  void OnPong(SteadyTime now);

  // Begins to drain. Returns whether the first GOAWAY and a PING are to be sent: not to a peer that
  // has not said hello, nor to one that was told already.
  bool Drain(ConnectionEnd why, SteadyTime now);
  // The last call is named, or the peer is told to go at once.
  void End(ConnectionEnd why, SteadyTime now) { Enter(Phase::kEnding, why, now); }
  // Nothing more is sent.
  void Linger(ConnectionEnd why, SteadyTime now) { Enter(Phase::kLingering, why, now); }
  void Close() { phase_ = Phase::kClosed; }

  // --- What to do -------------------------------------------------------------------------------

  // What is due by now; to be asked again and again.
  Step Next(SteadyTime now, Calls calls) const;
  // Whether a connection that serves has passed its age by so much that the next call is the moment
  // to drain it.
  bool IsLate(SteadyTime now) const {
    return phase_ == Phase::kServing && now >= ages_at_ + limits_.age_waits_for_quiet;
  }

  // --- What is known ----------------------------------------------------------------------------

  Phase phase() const { return phase_; }
  // Whether the peer was told to end the connection.
  bool is_draining() const { return phase_ == Phase::kNoticed || phase_ == Phase::kEnding; }
  // Why it ends, once it does.
  ConnectionEnd why() const { return why_; }
  SteadyTime begun() const { return begun_; }
  SteadyTime last_heard() const { return last_heard_; }

 private:
  void Enter(Phase phase, ConnectionEnd why, SteadyTime now) {
    phase_ = phase;
    why_ = why;
    phase_began_ = now;
  }
  // Whether a connection that has reached its age is to be drained now.
  bool IsMomentToAge(SteadyTime now, Calls calls) const;
  // How long the answer to the PING that follows the first GOAWAY is waited for.
  Duration PongPatience(Calls calls) const;
  Step NextOfHello(SteadyTime now) const;
  Step NextOfServing(SteadyTime now, Calls calls) const;
  Step NextOfDrain(SteadyTime now, Calls calls) const;

  const TransportLimits& limits_;
  Phase phase_ = Phase::kHello;
  ConnectionEnd why_ = ConnectionEnd::kClosed;
  // It was to be drained before its peer said hello; `phase_began_` is when.
  bool drains_after_hello_ = false;
  const SteadyTime begun_;
  const SteadyTime ages_at_;
  SteadyTime last_heard_;
  SteadyTime last_call_;
  // When the present phase began.
  SteadyTime phase_began_;
  // When the PING was sent that is not answered yet.
  std::optional<SteadyTime> ping_sent_;
  // When the PING behind the first GOAWAY was answered.
  std::optional<SteadyTime> ponged_;
};

}  // namespace balance
