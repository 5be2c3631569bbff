#pragma once

// Everything the sandbox consists of, on one loop: both sides, their money and their servers.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>

#include "clients/core/clock.h"
#include "clients/core/result.h"
#include "tests/sandbox/http_server.h"
#include "tests/sandbox/money_mover.h"
#include "tests/sandbox/polymarket_venue.h"
#include "tests/sandbox/polysimulator_venue.h"
#include "tests/sandbox/sandbox_options.h"
#include "tests/sandbox/side.h"
#include "tests/sandbox/side_clock.h"
#include "tests/sandbox/side_handler.h"

namespace balance::sandbox {

// Used on the loop's thread only, apart from Start() and the constructor. Destroy it only after
// Stop() and once the loop has run out of work.
class SandboxCore {
 public:
  // `loop` and options.clock must outlive the core.
  SandboxCore(boost::asio::io_context& loop, SandboxOptions options);
  ~SandboxCore();

  // Generates missing keys and opens the listeners. Fails with kInvalidInput.
  Result<void> Start();
  void Stop();

  PolymarketVenue& polymarket() { return polymarket_; }
  PolysimulatorVenue& polysimulator() { return polysimulator_; }
  SideHandler& handler(Side side);
  SideClock& clock(Side side);
  HttpServer& server(Side side);
  std::uint16_t control_port() const { return control_server_->port(); }
  // With keys where there were none.
  const SandboxOptions& options() const { return options_; }
  std::string BaseUrl(Side side);

  void MoveMoney();
  // Zero freezes.
  void MoveMoneyEvery(Duration period);
  Duration move_every() const { return move_every_; }

 private:
  Result<void> AddKeys();
  Result<void> LoadTls();
  Result<void> OpenServers();
  void ArmTimer();

  boost::asio::io_context& loop_;
  SandboxOptions options_;
  SystemClock system_clock_;
  const Clock& base_clock_;
  SideClock polymarket_clock_;
  SideClock polysimulator_clock_;
  PolymarketVenue polymarket_;
  PolysimulatorVenue polysimulator_;
  SideHandler polymarket_handler_;
  SideHandler polysimulator_handler_;
  std::unique_ptr<HttpHandler> control_;
  std::optional<boost::asio::ssl::context> tls_;
  std::unique_ptr<HttpServer> polymarket_server_;
  std::unique_ptr<HttpServer> polysimulator_server_;
  std::unique_ptr<HttpServer> control_server_;
  MoneyMover mover_;
  Duration move_every_{};
  boost::asio::steady_timer move_timer_;
};

}  // namespace balance::sandbox
