#pragma once

// Sends nothing with a credential that the upstream has just rejected, and nothing to a source that
// has just shown to be of no use.

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/resilience/hold_off.h"

namespace balance {

// Lengths of the pauses. A rejected credential does not heal by itself; a missing account may be
// opened.
struct HoldOffTimes {
  static constexpr Duration kCredential = std::chrono::seconds(60);
  static constexpr Duration kCredentialLongest = std::chrono::minutes(15);
  static constexpr Duration kAccountMissing = std::chrono::seconds(30);
};

// For one source whose account may be missing.
std::shared_ptr<HoldOff> MakeAccountHoldOff();

// A decorator of a BalanceSource. Used on its shard's thread only.
class HoldOffSource final : public BalanceSource {
 public:
  // `credential` is shared by all sources with the credential, `account` with those who watch this
  // source. `clock` must outlive the source.
  HoldOffSource(std::unique_ptr<BalanceSource> next, std::shared_ptr<HoldOff> credential,
                Clock& clock, std::shared_ptr<HoldOff> account = MakeAccountHoldOff());

  // Fetches from the decorated source; during a hold-off fails unsent with the failure that began
  // it. The first rejection of a request's time holds nothing off: the next request has its time
  // set right. The next rejection does, unless this machine's clock was set, or the configuration
  // was read anew, between the two.
  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override;

  SendOutlook Outlook() const override;

 private:
  // The circumstances under which a request's time was rejected.
  struct RejectedTime {
    Duration wall_offset;
    int times_forgiven;
  };

  // The failure that forbids requests now, until when, and for how long still. `because` is null if
  // nothing does.
  struct Held {
    std::shared_ptr<const Error> because;
    SteadyTime until;
    Duration left{};
  };

  void Learn(const Result<Reading>& result);
  void OnTimeRejected(Now now, const Error& error);
  Held InForce() const;

  const std::unique_ptr<BalanceSource> next_;
  const std::shared_ptr<HoldOff> credential_;
  const std::shared_ptr<HoldOff> account_missing_;
  Clock& clock_;
  // The latest rejection of a time since the latest good answer; unset if there was none.
  std::optional<RejectedTime> rejected_time_;
};

}  // namespace balance
