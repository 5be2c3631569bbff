#pragma once

// Both upstream APIs on loopback, scriptable: Polymarket US and PolySimulator as their documents,
// SDKs and observers describe them, and a control endpoint. It knows the venues from those sources
// alone and shares no code with the clients that it judges.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/result.h"
#include "tests/sandbox/counters.h"
#include "tests/sandbox/credentials.h"
#include "tests/sandbox/fault.h"
#include "tests/sandbox/history.h"
#include "tests/sandbox/ledger.h"
#include "tests/sandbox/sandbox_options.h"
#include "tests/sandbox/side.h"
#include "tests/sandbox/socket_fault.h"
#include "tests/sandbox/switches.h"

namespace balance::sandbox {

// Runs from Start() to destruction on a thread of its own. Thread-safe: every method waits for that
// thread, so none may be called on it. A wallet is the money behind one or more keys; "main" exists
// from the start on both sides, others come to be when first set or named by a key.
class Sandbox {
 public:
  // Fails with kInvalidInput if a port cannot be had, a key is malformed or a TLS file unusable.
  static Result<std::unique_ptr<Sandbox>> Start(SandboxOptions options = {});
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  // Resets all connections.
  ~Sandbox();

  std::uint16_t port(Side side) const;
  std::uint16_t control_port() const;
  // "http://127.0.0.1:PORT" with the prefix, or https. WebSockets are at the same place.
  std::string BaseUrl(Side side) const;
  std::string ControlUrl() const;
  // The first key of each side.
  PolymarketKey polymarket_key() const;
  PolysimKey polysim_key() const;

  // A key of the same id, or the same key, is replaced.
  Result<void> AddKey(PolymarketKey key);
  Result<void> AddKey(PolysimKey key);

  // Fail with kInvalidInput on an amount that is no JSON number.
  Result<void> SetLedger(PolymarketLedger ledger, const std::string& wallet = "main");
  Result<void> SetLedger(PolysimLedger ledger, const std::string& wallet = "main");
  PolymarketLedger polymarket_ledger(const std::string& wallet = "main");
  PolysimLedger polysim_ledger(const std::string& wallet = "main");

  // A resting BUY limit takes `cost` out of the balance at once; cancelling returns it; filling
  // turns it into position value. Place returns the order's id.
  Result<std::string> PlaceOrder(const std::string& cost, const std::string& wallet = "main");
  Result<void> CancelOrder(const std::string& id);
  Result<void> FillOrder(const std::string& id);

  // One step of the random walk for every wallet, now.
  void MoveMoney();
  // Zero freezes.
  void MoveMoneyEvery(Duration period);

  PolymarketSwitches polymarket_switches();
  PolysimSwitches polysim_switches();
  void SetSwitches(PolymarketSwitches switches);
  void SetSwitches(PolysimSwitches switches);
  // From now on any key may send as many requests a second as it likes, to both sides.
  void LiftRequestLimits();

  // Added to every answer, faults included.
  void SetLatency(Side side, Duration latency);
  // The side's idea of the time is this far ahead: its Date header, its 30 s window.
  void SetClockOffset(Side side, Duration offset);

  // Faults meet requests in the order pushed, before the auth wall.
  void Push(Side side, Fault fault);
  // One of CatalogueNames(), for `count` requests (0: until cleared).
  Result<void> PushNamed(Side side, const std::string& name, int count = 1);
  void ClearFaults(Side side);
  std::size_t PendingFaults(Side side);

  // Faults of open WebSockets. Push: for sockets to come, at their opening. Act: for those that are
  // open; returns how many it met. A fault of Push(Side, Fault) with the socket's path refuses or
  // delays its upgrade.
  void Push(Side side, SocketFault fault);
  void ClearSocketFaults(Side side);
  int Act(Side side, const SocketFault& fault);
  // Every token for a PolySimulator socket that was issued: what must appear nowhere else.
  std::vector<std::string> SocketTokens();

  // Refuses new connections and resets those there are, until Plug(), which keeps the port. Both
  // may be repeated.
  void Unplug(Side side);
  Result<void> Plug(Side side);

  SideCounters Counters(Side side);
  void ResetCounters(Side side);

  // Oldest first, at most the newest 10,000. Empty for an unknown wallet.
  std::vector<HistoryEntry> History(Side side, const std::string& wallet = "main");

 private:
  struct Impl;

  explicit Sandbox(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace balance::sandbox
