#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "tests/bench/cheap_upstream.h"
#include "tests/unit/polymarket_us/samples.h"
#include "tests/unit/polysimulator/samples.h"

namespace balance::bench {
namespace {

std::chrono::nanoseconds Milliseconds(double count) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(count * 1e6));
}

// As many connections as the system allows.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int Main(int argc, char** argv) {
  CLI::App app("Answers balances of both venues at no cost, until SIGTERM or SIGINT");
  double polymarket_ms = 0;
  double polysimulator_ms = 0;
  app.add_option("--polymarket-delay", polymarket_ms, "Milliseconds until the answer");
  app.add_option("--polysimulator-delay", polysimulator_ms, "Milliseconds until the answer");
  CLI11_PARSE(app, argc, argv);

  RaiseFileLimit();
  boost::asio::io_context loop(1);
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
  signals.async_wait([&loop](const boost::system::error_code&, int) { loop.stop(); });
  const CheapUpstream polymarket(loop, polymarket_us::samples::kOrdinary,
                                 Milliseconds(polymarket_ms));
  const CheapUpstream polysimulator(loop, polysimulator::samples::kOrdinary,
                                    Milliseconds(polysimulator_ms));
  std::cout << "POLYMARKET_BASE_URL=http://127.0.0.1:" << polymarket.port()
            << "\nPOLYSIM_BASE_URL=http://127.0.0.1:" << polysimulator.port() << std::endl;
  loop.run();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace balance::bench

int main(int argc, char** argv) { return balance::bench::Main(argc, argv); }
