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

// What the process finds around it and the command line builds on.
struct Environment {
  // BALANCE_SERVER; empty: the built-in default.
  std::string server;
  // Whether standard output is a terminal that can show colour.
  bool color_terminal = false;
  // Whether NO_COLOR is set and not empty (https://no-color.org).
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
  // For the whole command, all pages of a list included. Greater than zero. Of kWatch: how long to
  // watch; without end unless the command line says so.
  std::chrono::nanoseconds timeout = std::chrono::seconds(10);
  TlsFlags tls;
  // Empty: no bearer token. Set only with TLS or a server on this machine.
  std::string token_file;

  v1::ReadPolicy policy;
  // The fields of a request of kWatch that other requests do not have.
  v1::WatchAccountSnapshotsRequest watch;
  std::vector<std::string> sources;
  v1::FundClass fund_class = v1::FUND_CLASS_UNSPECIFIED;
  v1::BalanceView view = v1::BALANCE_VIEW_UNSPECIFIED;
  // 0: the server's choice.
  int page_size = 0;

  Output output = Output::kTable;
  bool color = false;
};

// Why there is nothing to run: help or version (`exit_code` 0, for standard output), or a command
// line that cannot be carried out (kExitUsage, for standard error). `text` ends with a newline.
struct EarlyExit {
  int exit_code = 0;
  std::string text;
};

// `argv` as main() gets it.
tl::expected<Args, EarlyExit> ParseArgs(int argc, const char* const* argv,
                                        const Environment& environment);

// Whether `server` can be nothing but this machine: a loopback address, `localhost` or a Unix
// socket. What is not understood is not loopback.
bool IsLoopback(const std::string& server);

}  // namespace balance::ctl
