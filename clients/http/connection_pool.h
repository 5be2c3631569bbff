#pragma once

// Decides which connection a request uses. libcurl opens, keeps and closes the connections; it
// knows them by the tags that this class gives out.
//
// A connection belongs to one login. While an origin has fewer connections than its limit, no
// request goes over a connection that another login has used, so an answer that an upstream sends
// too late or twice cannot become another team's figure. Only an origin with more logins than the
// limit makes connections change hands; then the one that has been without a request for longest
// is taken, which an answer that comes late is least likely to meet.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "clients/core/clock.h"

namespace balance {

// Number that tells the connections of one origin apart; never 0.
using ConnectionTag = std::uint32_t;

// Used on its loop's thread only.
class ConnectionPool {
 private:
  struct Connection {
    ConnectionTag tag = 0;
    std::uint64_t login = 0;
    bool is_busy = true;
  };
  using Connections = std::list<Connection>;
  using ByLogin = std::unordered_multimap<std::uint64_t, Connections::iterator>;
  struct Origin {
    // Connections without a request, the one that has been idle for longest first.
    Connections idle;
    Connections busy;
    // All connections, in use or not, indexed by the login that used them last.
    ByLogin by_login;
    // Logins whose latest exchange had no complete answer.
    std::unordered_set<std::uint64_t> failing;
    SteadyTime failed_at = SteadyTime::min();
    // Connections taken before the latest Renew() are of an earlier generation.
    std::uint64_t generation = 0;
  };

 public:
  // A connection while a request uses it. Valid until Give(); outlives no pool.
  class Lease {
   public:
    ConnectionTag tag() const { return connection_->tag; }

   private:
    friend class ConnectionPool;

    Origin* origin_ = nullptr;
    Connections::iterator connection_;
    std::uint64_t generation_ = 0;
  };

  enum class Outcome : std::uint8_t {
    // A complete answer; the connection may be used again.
    kAnswered,
    // No complete answer. The login's next request uses a new connection.
    kFailed,
    // The request was given up by us.
    kCancelled,
  };

  // `most_of_an_origin` must be positive.
  explicit ConnectionPool(std::size_t most_of_an_origin);
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;
  ~ConnectionPool() = default;

  // A connection for a request of `login`. `origin` names everything that connections must have in
  // common: scheme, host, port and trusted CAs. Where no connection with the tag is open, libcurl
  // opens one. Never fails: who wants fewer requests at a time than there are connections waits
  // before (ConnectionSlots).
  Lease Take(std::string_view origin, std::uint64_t login);
  void Give(const Lease& lease, Outcome outcome, SteadyTime now);

  // Time at which an exchange with the lease's origin last ended without a complete answer;
  // addresses that were resolved before may be out of date. SteadyTime::min() if there was none.
  static SteadyTime FailedAt(const Lease& lease) { return lease.origin_->failed_at; }

  // No connection made so far carries another request; those in use end theirs first.
  void Renew();

 private:
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  static Connections::iterator FindIdle(Origin& origin, std::uint64_t login);
  Connections::iterator Choose(Origin& origin, std::uint64_t login);
  static ByLogin::iterator EntryOf(Origin& origin, Connections::iterator connection);
  static void HandOver(Origin& origin, Connections::iterator connection, std::uint64_t login);
  void RetagIdle(Origin& origin, std::uint64_t login);
  ConnectionTag NextTag();
  // A connection that libcurl still has under the old tag is never asked for again.
  void Retag(Connection& connection) { connection.tag = NextTag(); }

  const std::size_t most_of_an_origin_;
  std::unordered_map<std::string, Origin, TextHash, std::equal_to<>> origins_;
  ConnectionTag last_tag_ = 0;
};

}  // namespace balance
