#pragma once

// Bridges the time in which a credential is replaced: until the upstream takes the new one, the one
// before serves on.

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <utility>

#include "clients/core/balance_source.h"
#include "clients/resilience/hold_off.h"

namespace balance {

// How far a replacement has come. Written on the shard's thread, read on any.
class Rotation {
 public:
  // The new credential was refused and the one before is in use: somebody has to act.
  bool UsesPrevious() const { return uses_previous_; }
  // The one before is not needed any more.
  bool IsOver() const { return is_over_; }

  void NotePrevious(bool is_used) { uses_previous_ = is_used && !is_over_; }
  void End() {
    is_over_ = true;
    uses_previous_ = false;
  }

 private:
  std::atomic<bool> uses_previous_ = false;
  std::atomic<bool> is_over_ = false;
};

// A decorator of two BalanceSources that differ in their credential. Used on its shard's thread
// only.
class RotatingSource final : public BalanceSource {
 public:
  // `hold_off` is that of the new credential, which `current` heeds.
  RotatingSource(std::unique_ptr<BalanceSource> current, std::shared_ptr<BalanceSource> previous,
                 std::shared_ptr<Rotation> rotation, std::shared_ptr<HoldOff> hold_off);

  // As the source with the new credential. If the upstream refuses that, as the one with the
  // credential before, unless that is refused too. The one before is dropped as soon as the new one
  // has served, and not earlier: an upstream in trouble may refuse both for a while. When it ceases
  // to serve during a hold-off of the new one, that one is asked once more at once, since an
  // upstream often ends the one with the start of the other.
  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override;

  SendOutlook Outlook() const override;

  // To those of the new credential.
  void Listen(OnReading on_reading) override { current_->Listen(std::move(on_reading)); }

 private:
  void End();

  const std::unique_ptr<BalanceSource> current_;
  // Null once the replacement is over. A fetch keeps its own.
  std::shared_ptr<BalanceSource> previous_;
  const std::shared_ptr<Rotation> rotation_;
  const std::shared_ptr<HoldOff> hold_off_;
  // Whether what is known of the new one may be older than the end of the one before.
  bool previous_served_ = true;
};

}  // namespace balance
