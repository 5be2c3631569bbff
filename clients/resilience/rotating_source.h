#pragma once

// Bridges the time in which a credential is replaced: until the upstream takes the new one, the one
// before serves on.

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <memory>

#include "clients/core/balance_source.h"

namespace balance {

// How far a replacement has come. Written on the shard's thread, read on any.
class Rotation {
 public:
  // The new credential was rejected and the one before is in use: somebody has to act.
  bool UsesPrevious() const { return uses_previous_; }
  // The one before is not needed any more.
  bool IsOver() const { return is_over_; }

  void NotePrevious() { uses_previous_ = true; }
  void End() {
    uses_previous_ = false;
    is_over_ = true;
  }

 private:
  std::atomic<bool> uses_previous_ = false;
  std::atomic<bool> is_over_ = false;
};

// A decorator of two BalanceSources that differ in their credential. Used on its shard's thread
// only.
class RotatingSource final : public BalanceSource {
 public:
  RotatingSource(std::unique_ptr<BalanceSource> current, std::shared_ptr<BalanceSource> previous,
                 std::shared_ptr<Rotation> rotation);

  // As the source with the new credential. If that is rejected, as the one with the credential
  // before, unless that is rejected too. The one before is dropped as soon as the new one has
  // served, or when both were rejected.
  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override;

  SendOutlook Outlook() const override;

 private:
  void End();

  const std::unique_ptr<BalanceSource> current_;
  // Null once the replacement is over. A fetch keeps its own.
  std::shared_ptr<BalanceSource> previous_;
  const std::shared_ptr<Rotation> rotation_;
};

}  // namespace balance
