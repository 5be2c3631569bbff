#pragma once

// Waits for a credential's turn, and for a connection to its host, before each request, and heeds
// what the answers say about limits.

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/resilience/connection_slots.h"
#include "clients/resilience/pacer.h"

namespace balance {

// A decorator of a BalanceSource. Used on its shard's thread only, which is also that of the pacer.
class PacedSource final : public BalanceSource {
 public:
  // `pacer` is shared by all sources with the credential, `slots` by all at the host; null: there
  // is always a connection. `clock` must outlive the source.
  PacedSource(std::unique_ptr<BalanceSource> next, std::shared_ptr<Pacer> pacer, Clock& clock,
              std::shared_ptr<HostSlots> slots = nullptr);

  // As the decorated source. Fails unsent, and takes no turn: as the decorated source does while
  // that refuses requests, with the failure that made the upstream ask for a pause while that
  // lasts, with kFreshnessUnsatisfied if the turn comes after the deadline or after
  // `context.send_by`, and with kUnreachable if no connection is free by then. All of these end a
  // wait that has begun.
  //
  // Nobody waits for a connection with a turn in hand, which would let requests pile up and then
  // break the ceiling; nor for a turn with a connection in hand, which others could use.
  boost::asio::awaitable<Result<Reading>> Fetch(FetchContext context) override;

  // Waits as a fetch does. A fetch that has its connection already takes no other one.
  boost::asio::awaitable<ConnectionPermit> AwaitConnection(FetchContext context) override;

  SendOutlook Outlook() const override;

 private:
  // Waits until a request may be sent; then `slot` is the right to a connection. Else an error.
  boost::asio::awaitable<Result<void>> AwaitTurn(FetchContext context,
                                                 std::optional<HostSlots::Slot>& slot);
  static void Learn(Pacer& pacer, const FetchProgress& progress, const Result<Reading>& result);

  const std::unique_ptr<BalanceSource> next_;
  const std::shared_ptr<Pacer> pacer_;
  Clock& clock_;
  const std::shared_ptr<HostSlots> slots_;
};

}  // namespace balance
