#pragma once

// A shard with what lives on it: its HTTP transport, and the feeds of its accounts.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/random.h"
#include "clients/http/http_transport.h"
#include "clients/resilience/upstream_path.h"
#include "service/config/config.h"
#include "service/feed/account_feed.h"
#include "service/feed/account_handle.h"
#include "service/feed/shard.h"
#include "service/rpc/account_directory.h"
#include "service/snapshot/account_view.h"

namespace balance {

// Built, filled, started and stopped by BalanceServer on one thread. Destroyed in reverse order of
// building: handles, feeds, transport, loop.
class ShardRuntime {
 public:
  using TransportFactory =
      std::function<std::unique_ptr<HttpTransport>(boost::asio::io_context& loop)>;

  // `clock` and `observer` must outlive the runtime.
  ShardRuntime(const TransportFactory& make_transport, Clock& clock, RefreshObserver& observer);
  // REQUIRES: Stop() was called if Start() was.
  ~ShardRuntime();

  // REQUIRES: before Start(). The endpoint lives as long as the runtime.
  AccountEndpoint AddAccount(const AccountConfig& account, const std::string& epoch);

  void Start() { shard_.Start(); }

  // Ends all refreshes and reads, and the loop's thread.
  void Stop();

  // Gives a source the login of `config` from its next request on. False if this shard has no such
  // source, or one at another address, which must not see the login.
  bool ReplaceLogin(const SourceConfig& config);

  // Whether the loop runs a task within `patience`.
  bool IsTicking(Duration patience);

 private:
  using SourceId = std::pair<std::string, std::string>;

  struct Login {
    // As it was when the source was made.
    SourceConfig config;
    // On the shard's thread.
    std::function<void(const SourceConfig&, const CredentialGuards&)> replace;
    HostGuards host;
    AccountFeed* feed = nullptr;
    std::size_t index = 0;
  };
  struct Account {
    std::unique_ptr<AccountPublisher> publisher;
    std::unique_ptr<AccountFeed> feed;
    std::unique_ptr<ShardAccountHandle> handle;
  };

  const CredentialGuards& GuardsOf(const SourceConfig& config);
  const HostGuards& HostGuardsOf(const SourceConfig& config);
  Random NextRandom() { return SeededRandom(seed_++); }

  Clock& clock_;
  RefreshObserver& observer_;
  Shard shard_;
  std::unique_ptr<HttpTransport> transport_;
  std::uint64_t seed_;
  // By fingerprint of the credential. From Start() on used on the shard's thread.
  std::map<std::string, CredentialGuards> credentials_;
  // By host:port.
  std::map<std::string, HostGuards> hosts_;
  std::vector<Account> accounts_;
  std::map<SourceId, Login> logins_;
};

}  // namespace balance
