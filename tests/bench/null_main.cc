#include <pthread.h>
#include <signal.h>
#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>

#include "tests/bench/null_server.h"

namespace balance::bench {
namespace {

// Has the answer written to all streams once more.
constexpr int kWriteToWatchers = SIGUSR1;

// Blocked before any thread starts, so that only main gets them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, kWriteToWatchers);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int Main(int argc, char** argv) {
  CLI::App app(
      "Answers GetAccountSnapshot with the bytes of a file, and writes them to streams of "
      "WatchAccountSnapshots: once when they begin, and at each SIGUSR1. Until SIGTERM or SIGINT");
  std::string listen = "127.0.0.1:0";
  std::string style = "callback";
  std::string answer_file;
  app.add_option("--listen", listen, "HOST:PORT; port 0: the system chooses")
      ->capture_default_str();
  app.add_option("--style", style, "API style; fill fills and serialises a message every time")
      ->check(CLI::IsMember({"callback", "async", "core", "mixed", "transport", "sync", "fill"}))
      ->capture_default_str();
  app.add_option("--answer", answer_file, "File with a serialised message")->required();
  CLI11_PARSE(app, argc, argv);

  std::ifstream file(answer_file, std::ios::binary);
  const std::string answer{std::istreambuf_iterator<char>(file), {}};
  if (answer.empty()) {
    std::cerr << "null_server: " << answer_file << " cannot be read or is empty\n";
    return EX_NOINPUT;
  }
  const sigset_t signals = BlockSignals();
  const auto server = StartNullServer(style, listen, answer);
  if (!server) {
    std::cerr << "null_server: cannot listen on " << listen << "\n";
    return EX_UNAVAILABLE;
  }
  std::cout << server->port() << std::endl;
  int number = 0;
  while (sigwait(&signals, &number) == 0 && number == kWriteToWatchers) server->WriteToWatchers();
  return EX_OK;
}

}  // namespace
}  // namespace balance::bench

int main(int argc, char** argv) { return balance::bench::Main(argc, argv); }
