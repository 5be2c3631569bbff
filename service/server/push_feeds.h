#pragma once

// The push sockets of a shard: one for each login, whichever sources share it.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "clients/core/clock.h"
#include "clients/core/connection_limits.h"
#include "clients/core/loop_executor.h"
#include "clients/http/http_transport.h"
#include "clients/http/web_socket.h"
#include "clients/push/push_feed.h"
#include "clients/resilience/connection_slots.h"
#include "service/config/config.h"
#include "service/config/source_login.h"
#include "service/feed/account_feed.h"
#include "service/observe/push_monitor.h"
#include "service/server/source_factory.h"

namespace balance {

// Used on its shard's thread only.
class PushFeeds {
 public:
  // What all sockets have in common. All that is referred to must outlive the feeds.
  struct Parts {
    LoopExecutor executor;
    Clock& clock;
    HttpTransport& transport;
    WebSocketConnector& connector;
    PushMonitor& monitor;
    // Of sockets. They are no requests' connections, whose limits stay as they are: however many
    // sockets there are, no request waits for one.
    ConnectionLimits limits;
    PushFeed::Options options;
    std::uint64_t seed;
  };

  // A source that is told what its login's socket hears. `account` must outlive its ticket.
  struct Listener {
    AccountFeed* account;
    // Place of the source in the account's configuration.
    std::size_t source;
    std::shared_ptr<const SourceInfo> info;
  };

  // Says which listener.
  struct Ticket {
    Fingerprint login;
    std::uint64_t number;
  };

  explicit PushFeeds(Parts parts);
  PushFeeds(const PushFeeds&) = delete;
  PushFeeds& operator=(const PushFeeds&) = delete;
  ~PushFeeds();

  // Since when the venue has told of nothing to the login of `config`; unset if it tells it of
  // nothing.
  std::optional<SteadyTime> QuietSince(const SourceConfig& config) const;

  // Tells `listener` of what its login's socket hears, and of what it has missed, if it has a
  // reading from before. The first listener of a login opens the socket, with the settings of
  // `config`, with `guards` and, while a credential is replaced, `previous` (else null). REQUIRES:
  // config.info.push.enabled.
  Ticket Join(const SourceConfig& config, SourceGuards guards,
              const std::shared_ptr<const PreviousCredential>& previous, Listener listener);
  // Tells it nothing more; the last listener of a login ends the socket.
  void Leave(const Ticket& ticket);

  // Ends all sockets. Tickets are of no use any more.
  void Stop();

 private:
  class LoginFeed;

  PushFeed::Parts PartsOf(const SourceConfig& config, const SourceGuards& guards,
                          const PreviousCredential* previous, LoginFeed& observer);
  PushFeed::Credential CredentialOf(const SourceConfig& config, const SourceGuards& guards);
  std::shared_ptr<PushLogin> LoginOf(const SourceConfig& config, const SourceGuards& guards);
  std::shared_ptr<HostSlots> SlotsOf(const SourceConfig& config);

  Parts parts_;
  const std::shared_ptr<ConnectionSlots> slots_;
  std::uint64_t last_number_ = 0;
  // Slots of each host's sockets, indexed by host:port.
  std::map<std::string, std::weak_ptr<HostSlots>> hosts_;
  // The socket of each login, indexed by its RequestFingerprint().
  std::map<Fingerprint, std::unique_ptr<LoginFeed>> logins_;
};

}  // namespace balance
