#include "tests/sandbox/sandbox.h"

#include <sodium.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>
#include <type_traits>
#include <utility>

#include "tests/sandbox/sandbox_core.h"

namespace balance::sandbox {

namespace asio = boost::asio;

struct Sandbox::Impl {
  explicit Impl(SandboxOptions options) : core(loop, std::move(options)) {}

  // Runs `work` on the loop and waits for what it returns.
  template <typename Work>
  auto Run(Work work) {
    std::packaged_task<std::invoke_result_t<Work, SandboxCore&>()> task(
        [this, &work] { return work(core); });
    auto result = task.get_future();
    asio::post(loop, [&task] { task(); });
    return result.get();
  }

  asio::io_context loop{1};
  SandboxCore core;
  asio::executor_work_guard<asio::io_context::executor_type> busy{loop.get_executor()};
  std::thread thread;
};

Result<std::unique_ptr<Sandbox>> Sandbox::Start(SandboxOptions options) {
  if (sodium_init() < 0) return Fail(ErrorKind::kInternal, "libsodium cannot start");
  auto impl = std::make_unique<Impl>(std::move(options));
  auto started = impl->core.Start();
  impl->thread = std::thread([&loop = impl->loop] { loop.run(); });
  std::unique_ptr<Sandbox> sandbox(new Sandbox(std::move(impl)));
  if (!started) return tl::unexpected(started.error());
  return sandbox;
}

Sandbox::Sandbox(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Sandbox::~Sandbox() {
  impl_->Run([](SandboxCore& core) { core.Stop(); });
  impl_->busy.reset();
  impl_->thread.join();
}

std::uint16_t Sandbox::port(Side side) const {
  return impl_->Run([side](SandboxCore& core) { return core.server(side).port(); });
}

std::uint16_t Sandbox::control_port() const {
  return impl_->Run([](SandboxCore& core) { return core.control_port(); });
}

std::string Sandbox::BaseUrl(Side side) const {
  return impl_->Run([side](SandboxCore& core) { return core.BaseUrl(side); });
}

std::string Sandbox::ControlUrl() const {
  return "http://127.0.0.1:" + std::to_string(control_port());
}

PolymarketKey Sandbox::polymarket_key() const {
  return impl_->Run([](SandboxCore& core) { return core.options().polymarket_keys.front(); });
}

PolysimKey Sandbox::polysim_key() const {
  return impl_->Run([](SandboxCore& core) { return core.options().polysim_keys.front(); });
}

Result<void> Sandbox::AddKey(PolymarketKey key) {
  return impl_->Run([&key](SandboxCore& core) { return core.polymarket().AddKey(key); });
}

Result<void> Sandbox::AddKey(PolysimKey key) {
  return impl_->Run([&key](SandboxCore& core) { return core.polysimulator().AddKey(key); });
}

Result<void> Sandbox::SetLedger(PolymarketLedger ledger, const std::string& wallet) {
  if (auto good = Check(ledger); !good) return good;
  impl_->Run([&](SandboxCore& core) { core.polymarket().wallets().Set(wallet, ledger); });
  return {};
}

Result<void> Sandbox::SetLedger(PolysimLedger ledger, const std::string& wallet) {
  if (auto good = Check(ledger); !good) return good;
  impl_->Run([&](SandboxCore& core) { core.polysimulator().wallets().Set(wallet, ledger); });
  return {};
}

PolymarketLedger Sandbox::polymarket_ledger(const std::string& wallet) {
  return impl_->Run([&](SandboxCore& core) { return core.polymarket().wallets().Get(wallet); });
}

PolysimLedger Sandbox::polysim_ledger(const std::string& wallet) {
  return impl_->Run([&](SandboxCore& core) { return core.polysimulator().wallets().Get(wallet); });
}

Result<std::string> Sandbox::PlaceOrder(const std::string& cost, const std::string& wallet) {
  return impl_->Run(
      [&](SandboxCore& core) { return core.polysimulator().orders().Place(wallet, cost); });
}

Result<void> Sandbox::CancelOrder(const std::string& id) {
  return impl_->Run([&](SandboxCore& core) { return core.polysimulator().orders().Cancel(id); });
}

Result<void> Sandbox::FillOrder(const std::string& id) {
  return impl_->Run([&](SandboxCore& core) { return core.polysimulator().orders().Fill(id); });
}

void Sandbox::MoveMoney() {
  impl_->Run([](SandboxCore& core) { core.MoveMoney(); });
}

void Sandbox::MoveMoneyEvery(Duration period) {
  impl_->Run([period](SandboxCore& core) { core.MoveMoneyEvery(period); });
}

PolymarketSwitches Sandbox::polymarket_switches() {
  return impl_->Run([](SandboxCore& core) { return core.polymarket().switches(); });
}

PolysimSwitches Sandbox::polysim_switches() {
  return impl_->Run([](SandboxCore& core) { return core.polysimulator().switches(); });
}

void Sandbox::SetSwitches(PolymarketSwitches switches) {
  impl_->Run([&](SandboxCore& core) { core.polymarket().SetSwitches(std::move(switches)); });
}

void Sandbox::SetSwitches(PolysimSwitches switches) {
  impl_->Run([&](SandboxCore& core) { core.polysimulator().SetSwitches(std::move(switches)); });
}

void Sandbox::LiftRequestLimits() {
  auto polymarket = polymarket_switches();
  polymarket.requests_per_second = 0;
  SetSwitches(polymarket);
  auto polysimulator = polysim_switches();
  polysimulator.requests_per_second = -1;
  SetSwitches(polysimulator);
}

void Sandbox::SetLatency(Side side, Duration latency) {
  impl_->Run([=](SandboxCore& core) { core.handler(side).SetLatency(latency); });
}

void Sandbox::SetClockOffset(Side side, Duration offset) {
  impl_->Run([=](SandboxCore& core) { core.clock(side).SetOffset(offset); });
}

void Sandbox::Push(Side side, Fault fault) {
  impl_->Run([&](SandboxCore& core) { core.handler(side).faults().Push(std::move(fault)); });
}

Result<void> Sandbox::PushNamed(Side side, const std::string& name, int count) {
  std::optional<Fault> fault = CatalogueFault(name);
  if (!fault) return Fail(ErrorKind::kInvalidInput, "no fault is called \"" + name + "\"");
  fault->count = count;
  Push(side, std::move(*fault));
  return {};
}

void Sandbox::ClearFaults(Side side) {
  impl_->Run([side](SandboxCore& core) { core.handler(side).faults().Clear(); });
}

std::size_t Sandbox::PendingFaults(Side side) {
  return impl_->Run(
      [side](SandboxCore& core) { return core.handler(side).faults().pending().size(); });
}

void Sandbox::Push(Side side, SocketFault fault) {
  impl_->Run([&](SandboxCore& core) { core.handler(side).sockets().Push(std::move(fault)); });
}

void Sandbox::ClearSocketFaults(Side side) {
  impl_->Run([side](SandboxCore& core) { core.handler(side).sockets().Clear(); });
}

int Sandbox::Act(Side side, const SocketFault& fault) {
  return impl_->Run([&](SandboxCore& core) { return core.handler(side).sockets().Act(fault); });
}

std::vector<std::string> Sandbox::SocketTokens() {
  return impl_->Run([](SandboxCore& core) { return core.polysimulator().tokens().issued(); });
}

void Sandbox::Unplug(Side side) {
  impl_->Run([side](SandboxCore& core) { core.server(side).Unplug(); });
}

Result<void> Sandbox::Plug(Side side) {
  return impl_->Run([side](SandboxCore& core) { return core.server(side).Plug(); });
}

SideCounters Sandbox::Counters(Side side) {
  return impl_->Run([side](SandboxCore& core) { return core.handler(side).ReadCounters(); });
}

void Sandbox::ResetCounters(Side side) {
  impl_->Run([side](SandboxCore& core) { core.handler(side).ResetCounters(); });
}

std::vector<HistoryEntry> Sandbox::History(Side side, const std::string& wallet) {
  return impl_->Run([&](SandboxCore& core) {
    return side == Side::kPolymarket ? core.polymarket().wallets().history(wallet)
                                     : core.polysimulator().wallets().history(wallet);
  });
}

}  // namespace balance::sandbox
