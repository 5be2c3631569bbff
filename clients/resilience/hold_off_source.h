#pragma once

// Sends nothing with a credential that the upstream has just rejected, and nothing to a source that
// has just shown to be of no use.

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/resilience/hold_off.h"

namespace balance {

// Lengths of the pauses. A rejected credential does not heal by itself; a missing account may be
// opened; a reply that is no balance is often gone a moment later, so it only delays.
struct HoldOffTimes {
  static constexpr Duration kCredential = std::chrono::seconds(60);
  static constexpr Duration kCredentialLongest = std::chrono::minutes(15);
  static constexpr Duration kAccountMissing = std::chrono::seconds(30);
  static constexpr Duration kReplyInvalid = std::chrono::seconds(5);
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

  // As the decorated source; during a hold-off fails unsent with the failure that began it (a pause
  // after an unreadable reply is for the one above to wait for, see Outlook()).
  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override;

  SendOutlook Outlook() const override;

 private:
  void Learn(const Result<Reading>& result);
  // The hold-off that forbids requests now; null if none does.
  const HoldOff* InForce() const;

  const std::unique_ptr<BalanceSource> next_;
  const std::shared_ptr<HoldOff> credential_;
  const std::shared_ptr<HoldOff> account_missing_;
  HoldOff reply_invalid_{HoldOffTimes::kReplyInvalid, HoldOffTimes::kReplyInvalid};
  Clock& clock_;
  bool clock_rejected_ = false;
};

}  // namespace balance
