#pragma once

// Holds one login's push socket to its venue, and passes on its hints: reconnects with full jitter,
// gives up a socket that is silent, and leaves the venue alone whenever REST does.

#include <cstdint>
#include <memory>
#include <optional>

#include "clients/core/clock.h"
#include "clients/core/error.h"
#include "clients/core/loop_executor.h"
#include "clients/core/push_end.h"
#include "clients/core/random.h"
#include "clients/http/web_socket.h"
#include "clients/resilience/connection_slots.h"
#include "clients/resilience/hold_off.h"
#include "clients/resilience/hold_off_source.h"
#include "clients/resilience/pacer.h"
#include "clients/resilience/rotating_source.h"
#include "clients/venue/push_login.h"

namespace balance {

// Told on the shard's thread what a PushFeed sees. May destroy the feed.
class PushObserver {
 public:
  virtual ~PushObserver() = default;

  // Figures may have changed: what REST observes from now on tells.
  virtual void OnHint() = 0;
  // Whether changes are being told. False at first. OnHint() follows when they are, as nothing was
  // told of what happened before.
  virtual void OnPushState(bool is_up) = 0;
  // Why there is no socket, or no more.
  virtual void OnPushFailure(PushEnd why, const Error& error) = 0;
};

struct PushCounters {
  // Sockets opened, and attempts that opened none.
  std::uint64_t opened = 0;
  std::uint64_t failed = 0;
  std::uint64_t messages = 0;
  std::uint64_t hints = 0;
  // Sockets given up because nothing was said on them.
  std::uint64_t silent = 0;
};

// Used on its shard's thread only.
class PushFeed {
 public:
  struct Options {
    // Without a message for this long a socket is given up. A pong is none: a venue whose feed has
    // stopped may answer pings for ever.
    Duration longest_silence = std::chrono::seconds(75);
    // Between the messages that make a venue without heartbeats speak.
    Duration keep_alive = std::chrono::seconds(25);
    // A pause before a connection is random between the least and one that doubles from twice that
    // to the longest while connections fail.
    Duration least_pause = std::chrono::milliseconds(500);
    Duration longest_pause = std::chrono::seconds(30);
    // A request is not prepared with what is older than this: a token that has run out would look
    // like a bad credential.
    Duration longest_preparation = std::chrono::seconds(30);
    // Connections that have been ready for this long have not failed.
    Duration healthy_after = std::chrono::seconds(10);
  };

  // A login, and what it shares with the requests that REST makes with its credential.
  struct Credential {
    std::shared_ptr<PushLogin> login;
    std::shared_ptr<HoldOff> hold_off;
    std::shared_ptr<Pacer> pacer;
    // A hold-off that the feed alone heeds: a venue may refuse a socket to a credential that it
    // lets read, and what is read must not suffer from that.
    std::shared_ptr<HoldOff> socket_hold_off =
        std::make_shared<HoldOff>(HoldOffTimes::kCredential, HoldOffTimes::kCredentialLongest);
  };
  // The credential that is being replaced: it serves while the new one is held off, until REST says
  // that the replacement is over. It is let go of then.
  struct Previous {
    Credential credential;
    std::shared_ptr<const Rotation> rotation;
  };

  // What the feed is made of. `connector`, `clock` and `observer` must outlive it.
  struct Parts {
    Credential credential;
    std::optional<Previous> previous;
    WebSocketConnector& connector;
    Random random;
    Clock& clock;
    PushObserver& observer;
    // Of the host. A socket keeps one of the first for as long as it lives, a request that prepares
    // it one of the second. Null: there is always room.
    std::shared_ptr<HostSlots> socket_slots = nullptr;
    std::shared_ptr<HostSlots> request_slots = nullptr;
  };

  // Connects at once.
  PushFeed(LoopExecutor executor, Parts parts, Options options);
  PushFeed(const PushFeed&) = delete;
  PushFeed& operator=(const PushFeed&) = delete;
  // Takes leave of the venue, which has a second to answer, and ends the socket: for that the clock
  // and the loop must go on. The observer is told nothing more.
  ~PushFeed();

  // Connections from the next one on are made with this login, which is the same but for its
  // settings.
  void Renew(std::shared_ptr<PushLogin> login);

  bool is_up() const;
  const PushCounters& counters() const;

 private:
  class Loop;

  const std::shared_ptr<Loop> loop_;
};

}  // namespace balance
