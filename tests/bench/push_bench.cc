// How long it takes from a venue's hint to the new figure at a caller who watches, beside a direct
// request for the same figure: the difference is what this service adds. The venue is the sandbox
// in this process; the two are measured by turns, so that the machine's mood meets both.

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "clients/core/mutex.h"
#include "clients/http/curl_transport.h"
#include "service/server/venues.h"
#include "tests/integration/service/running_service.h"
#include "tests/support/fake_upstream_clock.h"

namespace balance {
namespace {

using sandbox::Side;
using std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;
using Message = v1::WatchAccountSnapshotsResponse;

constexpr int kWarmUp = 20;

// The cash that a watcher was told last.
class Watcher {
 public:
  Watcher(v1::BalanceService::Stub& stub, int source) : source_(source) {
    v1::WatchAccountSnapshotsRequest request;
    request.add_names("accounts/desk-1");
    reader_ = stub.WatchAccountSnapshots(&context_, request);
    thread_ = std::thread([this] { ReadAll(); });
  }
  ~Watcher() {
    context_.TryCancel();
    thread_.join();
  }

  void Await(const std::string& cash) {
    const MutexLock lock(mutex_);
    const bool came = news_.WaitFor(mutex_, std::chrono::seconds(20),
                                    [&]() BALANCE_REQUIRES(mutex_) { return cash_ == cash; });
    if (!came) throw std::runtime_error("the figure " + cash + " never came");
  }

 private:
  void ReadAll() {
    Message message;
    while (reader_->Read(&message)) {
      if (!message.has_snapshot()) continue;
      const auto& balances = message.snapshot().sources(source_).balance_set().balances();
      if (balances.empty()) continue;
      const MutexLock lock(mutex_);
      cash_ = balances[0].cash().value();
      news_.NotifyAll();
    }
    reader_->Finish();
  }

  const int source_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<Message>> reader_;
  Mutex mutex_;
  ConditionVariable news_;
  std::string cash_ BALANCE_GUARDED_BY(mutex_);
  std::thread thread_;
};

// Reads a source of desk-1 itself, over a connection of its own.
class DirectReader {
 public:
  DirectReader(const RunningService& service, int source) {
    const Config config = service.LoadNow();
    const SourceConfig& configured = config.accounts.at(0).sources.at(static_cast<size_t>(source));
    client_ =
        configured.venue->MakeClient(std::make_shared<const Login>(configured.login),
                                     {.attempt_timeout = std::chrono::seconds(5), .ca_file = {}},
                                     transport_, clock_, std::make_shared<FakeUpstreamClock>());
  }

  void Read() {
    std::optional<Result<Reading>> result;
    FetchProgress progress;
    const FetchContext context{SteadyTime::max(), &progress, std::chrono::seconds(5)};
    boost::asio::co_spawn(
        loop_, [&]() -> boost::asio::awaitable<void> { result = co_await client_->Fetch(context); },
        [](const std::exception_ptr& failure) {
          if (failure) std::rethrow_exception(failure);
        });
    loop_.restart();
    while (!result) loop_.run_one();
    if (!*result) throw std::runtime_error(result->error().message);
  }

 private:
  boost::asio::io_context loop_;
  SystemClock clock_;
  CurlTransport transport_{loop_, {.user_agent = "push-bench"}};
  std::unique_ptr<BalanceSource> client_;
};

double Median(std::vector<double> times) {
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2),
                   times.end());
  return times[times.size() / 2];
}

double NinetyNinth(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  return times[times.size() * 99 / 100];
}

struct Bench {
  RunningService& service;
  Side side;
  int source;
  const char* id;
  const char* name;
  int moved = 0;

  // Prepares a change of which the venue tells; returns what makes it.
  std::function<std::string()> Change() {
    sandbox::Sandbox& upstreams = service.upstreams();
    if (side == Side::kPolymarket) {
      auto ledger = upstreams.polymarket_ledger();
      ledger.rows.at(0).current_balance = std::to_string(1000 + ++moved) + ".25";
      return [&upstreams, ledger] {
        if (!upstreams.SetLedger(ledger)) throw std::runtime_error("no such ledger");
        return ledger.rows.at(0).current_balance;
      };
    }
    const auto order = upstreams.PlaceOrder("0.01");
    if (!order) throw std::runtime_error(order.error().message);
    const std::string cash = upstreams.polysim_ledger().balance;
    return [&upstreams, order = *order, cash] {
      if (!upstreams.FillOrder(order)) throw std::runtime_error("no such order");
      return cash;
    };
  }

  void Run(int rounds) {
    while (service.PathOf(id).feed() != v1::Source::PUSH) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    Watcher watcher(service.stub(), source);
    DirectReader direct(service, source);
    std::vector<double> asked;
    std::vector<double> told;
    for (int i = 0; i < rounds + kWarmUp; ++i) {
      const auto began = steady_clock::now();
      direct.Read();
      const auto read = steady_clock::now();
      // Nothing is left under way.
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      const auto change = Change();
      const auto changed = steady_clock::now();
      watcher.Await(change());
      const auto seen = steady_clock::now();
      if (i < kWarmUp) continue;
      asked.push_back(Milliseconds(read - began).count());
      told.push_back(Milliseconds(seen - changed).count());
    }
    std::printf("| %s | %.2f | %.2f | %.2f | %.2f | %.2f |\n", name, Median(asked), Median(told),
                Median(told) - Median(asked), NinetyNinth(asked), NinetyNinth(told));
  }
};

int Main(int rounds) {
  spdlog::set_level(spdlog::level::off);
  RunningService service;
  auto polymarket = service.upstreams().polymarket_switches();
  polymarket.requests_per_second = 0;
  service.upstreams().SetSwitches(polymarket);
  auto polysimulator = service.upstreams().polysim_switches();
  polysimulator.requests_per_second = -1;
  service.upstreams().SetSwitches(polysimulator);
  for (const std::string venue : {"    polymarket_us:\n", "    polysimulator:\n"}) {
    service.Edit(venue, "    push: {enabled: true}\n" + venue);
  }
  service.Reload();
  std::printf(
      "%d rounds, ms: a direct request; from a change at the venue to the new figure at a caller "
      "who watches\n\n"
      "| venue | request, p50 | hint to figure, p50 | difference | request, p99 | hint to figure, "
      "p99 |\n| --- | ---: | ---: | ---: | ---: | ---: |\n",
      rounds);
  Bench{service, Side::kPolymarket, kPolymarketUs, "polymarket-us", "Polymarket US"}.Run(rounds);
  Bench{service, Side::kPolysimulator, kPolySimulator, "polysimulator", "PolySimulator"}.Run(
      rounds);
  return 0;
}

}  // namespace
}  // namespace balance

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 500;
  if (rounds < 1) {
    std::fputs("push_bench [ROUNDS]\n", stderr);
    return EXIT_FAILURE;
  }
  return balance::Main(rounds);
}
