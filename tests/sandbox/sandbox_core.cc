#include "tests/sandbox/sandbox_core.h"

#include <utility>

#include "tests/sandbox/control_api.h"

namespace balance::sandbox {

namespace asio = boost::asio;

SandboxCore::SandboxCore(asio::io_context& loop, SandboxOptions options)
    : loop_(loop),
      options_(std::move(options)),
      base_clock_(options_.clock ? *options_.clock : system_clock_),
      polymarket_clock_(base_clock_),
      polysimulator_clock_(base_clock_),
      polymarket_(base_clock_, polymarket_clock_, options_.polymarket_prefix),
      polysimulator_(base_clock_, polysimulator_clock_),
      polymarket_handler_(base_clock_, polymarket_clock_, polymarket_),
      polysimulator_handler_(base_clock_, polysimulator_clock_, polysimulator_),
      control_(MakeControlApi(*this)),
      mover_(options_.seed),
      move_timer_(loop) {}

SandboxCore::~SandboxCore() = default;

Result<void> SandboxCore::Start() {
  auto started = AddKeys();
  if (started) started = LoadTls();
  if (started) started = OpenServers();
  if (started) MoveMoneyEvery(options_.move_every);
  return started;
}

Result<void> SandboxCore::AddKeys() {
  if (options_.polymarket_keys.empty()) {
    options_.polymarket_keys.push_back(GeneratePolymarketKey());
  }
  if (options_.polysim_keys.empty()) options_.polysim_keys.push_back(GeneratePolysimKey());
  Result<void> added;
  for (const PolymarketKey& key : options_.polymarket_keys) {
    if (added) added = polymarket_.AddKey(key);
  }
  for (const PolysimKey& key : options_.polysim_keys) {
    if (added) added = polysimulator_.AddKey(key);
  }
  return added;
}

Result<void> SandboxCore::LoadTls() {
  const std::string& certificate = options_.tls_certificate_file;
  const std::string& key = options_.tls_key_file;
  if (certificate.empty() != key.empty()) {
    return Fail(ErrorKind::kInvalidInput, "TLS needs both a certificate and a key file");
  }
  if (certificate.empty()) return {};
  tls_.emplace(asio::ssl::context::tls_server);
  boost::system::error_code error;
  tls_->use_certificate_chain_file(certificate, error);
  if (!error) tls_->use_private_key_file(key, asio::ssl::context::pem, error);
  if (!error) return {};
  return Fail(ErrorKind::kInvalidInput, "cannot use the TLS files: " + error.message());
}

Result<void> SandboxCore::OpenServers() {
  struct Opening {
    std::unique_ptr<HttpServer>& server;
    std::uint16_t port;
    HttpHandler& handler;
    bool tls;
  };
  const Opening openings[] = {
      {polymarket_server_, options_.polymarket_port, polymarket_handler_, true},
      {polysimulator_server_, options_.polysimulator_port, polysimulator_handler_, true},
      {control_server_, options_.control_port, *control_, false}};
  for (const Opening& opening : openings) {
    auto server = HttpServer::Listen(loop_, opening.port, opening.handler,
                                     opening.tls && tls_ ? &*tls_ : nullptr);
    if (!server) return tl::unexpected(server.error());
    opening.server = std::move(*server);
  }
  return {};
}

void SandboxCore::Stop() {
  for (const auto* server : {&polymarket_server_, &polysimulator_server_, &control_server_}) {
    if (*server) (*server)->Stop();
  }
  MoveMoneyEvery(Duration::zero());
}

SideHandler& SandboxCore::handler(Side side) {
  return side == Side::kPolymarket ? polymarket_handler_ : polysimulator_handler_;
}

SideClock& SandboxCore::clock(Side side) {
  return side == Side::kPolymarket ? polymarket_clock_ : polysimulator_clock_;
}

HttpServer& SandboxCore::server(Side side) {
  return side == Side::kPolymarket ? *polymarket_server_ : *polysimulator_server_;
}

std::string SandboxCore::BaseUrl(Side side) {
  return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(server(side).port()) +
         (side == Side::kPolymarket ? options_.polymarket_prefix : "");
}

void SandboxCore::MoveMoney() {
  for (const std::string& wallet : polymarket_.wallets().names()) {
    PolymarketLedger ledger = polymarket_.wallets().Get(wallet);
    mover_.Step(ledger, base_clock_.WallNow());
    polymarket_.wallets().Set(wallet, std::move(ledger));
  }
  for (const std::string& wallet : polysimulator_.wallets().names()) {
    mover_.Step(polysimulator_.wallets(), polysimulator_.orders(), wallet);
  }
}

void SandboxCore::MoveMoneyEvery(Duration period) {
  move_every_ = period;
  move_timer_.cancel();
  if (period > Duration::zero()) ArmTimer();
}

void SandboxCore::ArmTimer() {
  move_timer_.expires_after(move_every_);
  move_timer_.async_wait([this](const boost::system::error_code& error) {
    // A wait that ended just before it was cancelled comes without an error.
    if (error || move_every_ <= Duration::zero()) return;
    MoveMoney();
    ArmTimer();
  });
}

}  // namespace balance::sandbox
