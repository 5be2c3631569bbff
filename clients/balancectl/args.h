#pragma once

// The command line of balancectl, as values. Pure: files are only named here, never opened.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "proto/balance_v1.h"

namespace balance::ctl {

enum class Command : std::uint8_t { kGet, kList, kSources, kWatch, kHealth };
enum class Output : std::uint8_t { kTable, kJson };

// The parts of the process's surroundings that the command line takes defaults from.
struct Environment {
  // Value of BALANCE_SERVER; empty: the built-in default.
  std::string server;
  // True if standard output is a terminal that can show colour.
  bool color_terminal = false;
  // True if NO_COLOR is set and not empty (https://no-color.org).
  bool no_color = false;
};

struct TlsFlags {
  // Set by --tls and by each of the other TLS flags.
  bool enabled = false;
  // PEM files; empty: the system's roots, and no client certificate. Certificate and key are set
  // together or not at all.
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
  // The name that the server's certificate must carry; empty: the host of `server`.
  std::string server_name;
};

struct Args {
  Command command = Command::kGet;
  // `accounts/{account}`; empty: the server's choice.
  std::string account;
  // The accounts that kWatch follows, `accounts/{account}` each; empty: all.
  std::vector<std::string> accounts;

  // A gRPC target: HOST:PORT, unix:PATH or scheme://...
  std::string server;
  // Longest time for the whole command, all pages of a list included; greater than zero. For kWatch
  // it is how long to watch: without end unless the command line says so.
  std::chrono::nanoseconds timeout = std::chrono::seconds(10);
  TlsFlags tls;
  // Empty: no bearer token. Set only with TLS or a server on this machine.
  std::string token_file;

  v1::ReadPolicy policy;
  // The request that kWatch sends; only the fields that other requests do not have are set here.
  v1::WatchAccountSnapshotsRequest watch;
  std::vector<std::string> sources;
  v1::FundClass fund_class = v1::FUND_CLASS_UNSPECIFIED;
  v1::BalanceView view = v1::BALANCE_VIEW_UNSPECIFIED;
  // 0: the server's choice.
  int page_size = 0;

  Output output = Output::kTable;
  bool color = false;
};

// The reason not to run a command: help or version was asked for (`exit_code` 0, `text` goes to
// standard output), or the command line cannot be carried out (kExitUsage, standard error). `text`
// ends with a newline.
struct EarlyExit {
  int exit_code = 0;
  std::string text;
};

// Reads `argv`, as main() gets it. Returns the arguments, or what to print and to exit with
// instead.
tl::expected<Args, EarlyExit> ParseArgs(int argc, const char* const* argv,
                                        const Environment& environment);

// True if `server` can only be this machine: a loopback address, `localhost` or a Unix socket.
// False for an address that is not understood.
bool IsLoopback(const std::string& server);

}  // namespace balance::ctl
