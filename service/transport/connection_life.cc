#include "service/transport/connection_life.h"

#include <algorithm>

namespace balance {
namespace {

using Due = ConnectionLife::Due;

// A peer that has answered our PING knows of the first GOAWAY, but its library may take a moment to
// tell those of its threads that open streams.
constexpr Duration kSettle = std::chrono::milliseconds(250);
// Time for the answer to a PING of a peer that does not answer any.
constexpr Duration kPongPatience = std::chrono::seconds(2);
// The same for a peer without a call, that makes none meanwhile: the libraries of many clients do
// not even read while they have none.
constexpr Duration kIdlePongPatience = std::chrono::milliseconds(300);
// The same for a connection that ends by its age, where nothing hurries: a client that gets no
// processor for a while would lose the calls that it makes meanwhile.
constexpr Duration kAgedPongPatience = std::chrono::seconds(5);
// Time for a peer to take the last bytes and hang up.
constexpr Duration kLinger = std::chrono::seconds(1);
// A connection may live longer or shorter by this share of its age.
constexpr double kAgeJitter = 0.1;

Duration SpreadAge(Duration age, double jitter) {
  const double share = 1 + kAgeJitter * (2 * jitter - 1);
  return Duration(static_cast<Duration::rep>(static_cast<double>(age.count()) * share));
}

}  // namespace

ConnectionLife::ConnectionLife(const TransportLimits& limits, SteadyTime now, double jitter)
    : limits_(limits),
      begun_(now),
      ages_at_(now + SpreadAge(limits.age, jitter)),
      last_heard_(now),
      last_call_(now),
      phase_began_(now) {}

// --- What happens -------------------------------------------------------------------------------

bool ConnectionLife::OnHello() {
  phase_ = Phase::kServing;
  return drains_after_hello_;
}

void ConnectionLife::OnPong(SteadyTime now) {
  if (phase_ == Phase::kNoticed && !ponged_) ponged_ = now;
}

bool ConnectionLife::Drain(ConnectionEnd why, SteadyTime now) {
  if (phase_ == Phase::kHello) {
    drains_after_hello_ = true;
    Enter(Phase::kHello, why, now);
    return false;
  }
  if (phase_ != Phase::kServing) return false;
  Enter(Phase::kNoticed, why, now);
  return true;
}

// --- What to do ---------------------------------------------------------------------------------

ConnectionLife::Step ConnectionLife::Next(SteadyTime now, Calls calls) const {
  switch (phase_) {
    case Phase::kHello:
      return NextOfHello(now);
    case Phase::kServing:
      return NextOfServing(now, calls);
    case Phase::kNoticed:
    case Phase::kEnding:
      return NextOfDrain(now, calls);
    case Phase::kLingering:
      if (now >= phase_began_ + kLinger) return {Due::kClose, why_};
      break;
    case Phase::kClosed:
      break;
  }
  return {};
}

ConnectionLife::Step ConnectionLife::NextOfHello(SteadyTime now) const {
  if (now >= begun_ + limits_.hello) return {Due::kClose, ConnectionEnd::kHelloTimeout};
  if (drains_after_hello_ && now >= phase_began_ + kPongPatience) return {Due::kClose, why_};
  return {};
}

bool ConnectionLife::IsMomentToAge(SteadyTime now, Calls calls) const {
  const SteadyTime late = ages_at_ + limits_.age_waits_for_quiet;
  if (now >= late + limits_.age_waits_for_call) return true;
  // A call that is still open when it is late may be a stream that never ends.
  return now >= last_call_ + limits_.age_quiet && (now >= late || !calls.are_open);
}

ConnectionLife::Step ConnectionLife::NextOfServing(SteadyTime now, Calls calls) const {
  if (now >= ages_at_ && IsMomentToAge(now, calls)) return {Due::kDrain, ConnectionEnd::kAge};
  if (!calls.are_open && now >= last_call_ + limits_.idle) {
    return {Due::kDrain, ConnectionEnd::kIdle};
  }
  if (now >= last_heard_ + limits_.keepalive + limits_.keepalive_timeout) {
    return {Due::kClose, ConnectionEnd::kUnresponsive};
  }
  if (now >= last_heard_ + limits_.keepalive && !ping_sent_) return {Due::kPing, why_};
  return {};
}

Duration ConnectionLife::PongPatience(Calls calls) const {
  if (why_ == ConnectionEnd::kAge) return std::min(kAgedPongPatience, limits_.grace / 2);
  const bool is_idle = !calls.are_open && last_call_ < phase_began_;
  return is_idle ? kIdlePongPatience : kPongPatience;
}

ConnectionLife::Step ConnectionLife::NextOfDrain(SteadyTime now, Calls calls) const {
  const bool waits_for_streams = why_ == ConnectionEnd::kAge && calls.are_lasting;
  if (now >= phase_began_ + limits_.grace && !waits_for_streams) return {Due::kClose, why_};
  if (phase_ == Phase::kNoticed) {
    const bool knows = ponged_ && now >= *ponged_ + kSettle;
    if (knows || now >= phase_began_ + PongPatience(calls)) return {Due::kLastCall, why_};
    return {};
  }
  // A client hangs up when it has no call left; one that does not is left to itself for a while.
  if (!calls.are_open && now >= phase_began_ + kLinger) return {Due::kClose, why_};
  return {};
}

}  // namespace balance
