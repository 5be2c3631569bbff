#include "clients/balancectl/args.h"

#include <arpa/inet.h>
#include <google/protobuf/util/time_util.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "clients/balancectl/exit_code.h"
#include "clients/balancectl/time_text.h"

namespace balance::ctl {
namespace {

using google::protobuf::util::TimeUtil;

constexpr const char* kDefaultServer = "127.0.0.1:50051";
constexpr const char* kDescription = "Shows the balances that the balance service knows.";
constexpr const char* kFooter =
    "Durations are written 500ms, 2s, 1m or 1h. A table goes as wide as the terminal.\n"
    "JSON is one document in protobuf's JSON form: lowerCamelCase names, amounts as exact text,\n"
    "fields with default values left out; of watch, one document a line.\n"
    "\n"
    "Exit status: 0 the answer is complete (health: SERVING), 2 it is partial (a source is stale\n"
    "or missing), 1 the call failed (health: not SERVING), 64 the command line is wrong or names\n"
    "a file that cannot be used.";
constexpr const char* kSubcommandFooter = "Options for server, TLS and output: balancectl --help.";

// The options as CLI11 fills them in, before they are checked and turned into Args.
struct RawArgs {
  Args args;
  std::string timeout = "10s";
  bool has_timeout = false;
  std::string output = "table";
  std::string color = "auto";
  bool only_if_cached = false;
  std::optional<std::string> max_age;
  std::optional<std::string> max_stale;
  std::optional<std::string> not_before;
  std::optional<std::string> require;
  std::optional<std::string> heartbeat;
  std::optional<std::string> min_interval;
  std::string fund_class;
  std::string view;
};

using Problem = std::optional<std::string>;

void AddGlobalOptions(CLI::App& app, RawArgs& raw) {
  Args& args = raw.args;
  app.add_option("--server", args.server, "Where the service listens (or env BALANCE_SERVER)")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app.add_option("--timeout", raw.timeout,
                 "Longest time for the whole command; watch: none by default")
      ->type_name("DURATION")
      ->each([&raw](const std::string&) { raw.has_timeout = true; })
      ->capture_default_str();
  app.add_option("--output", raw.output, "How to write the answer")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  app.add_option("--color", raw.color, "Colour in tables; auto: on a terminal without NO_COLOR")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  app.add_flag("--tls", args.tls.enabled, "Use TLS; so does each --tls-... option");
  app.add_option("--tls-ca", args.tls.ca_file, "PEM roots to trust instead of the system's")
      ->type_name("FILE");
  app.add_option("--tls-cert", args.tls.cert_file, "PEM client certificate")->type_name("FILE");
  app.add_option("--tls-key", args.tls.key_file, "PEM key of the client certificate")
      ->type_name("FILE");
  app.add_option("--tls-server-name", args.tls.server_name, "Name in the server's certificate")
      ->type_name("NAME");
  app.add_option("--token-file", args.token_file,
                 "Bearer token; only with TLS or a server on this machine")
      ->type_name("FILE");
}

CLI::App* AddCommand(CLI::App& app, const char* name, const char* description) {
  return app.add_subcommand(name, description)->footer(kSubcommandFooter);
}

// Adds the options that all commands which show balances have.
void AddFilterOptions(CLI::App& command, RawArgs& raw) {
  command.add_option("--source", raw.args.sources, "Only this source; may be repeated")
      ->type_name("ID")
      ->allow_extra_args(false);
  command.add_option("--fund-class", raw.fund_class, "Only sources with this kind of money")
      ->check(CLI::IsMember({"real", "simulated"}));
  command.add_option("--view", raw.view, "How much to show")
      ->check(CLI::IsMember({"basic", "full"}));
}

void AddReadOptions(CLI::App& command, RawArgs& raw) {
  command.add_option("--max-age", raw.max_age, "Greatest acceptable age; 0s: fetch now")
      ->type_name("DURATION");
  command
      .add_option("--max-stale", raw.max_stale, "Show this much past the TTL if a refresh fails")
      ->type_name("DURATION");
  command.add_option("--not-before", raw.not_before, "Read at or after this time (RFC 3339)")
      ->type_name("TIME");
  command.add_flag("--only-if-cached", raw.only_if_cached, "Never fetch");
  AddFilterOptions(command, raw);
}

void AddWatch(CLI::App& app, RawArgs& raw) {
  CLI::App* watch =
      AddCommand(app, "watch", "Balances as they change, until Ctrl-C or the end of --timeout");
  watch->callback([&raw] { raw.args.command = Command::kWatch; });
  watch->add_option("accounts", raw.args.accounts, "Ids or accounts/ID; none: all accounts")
      ->type_name("");
  watch->add_option("--max-age", raw.max_age, "Keep readings younger than this; default: the TTL")
      ->type_name("DURATION");
  watch->add_option("--heartbeat", raw.heartbeat, "Longest silence of the server; default: 5s")
      ->type_name("DURATION");
  watch
      ->add_option("--min-interval", raw.min_interval,
                   "Least time between two snapshots of an account")
      ->type_name("DURATION");
  AddFilterOptions(*watch, raw);
}

void AddPageSize(CLI::App& command, RawArgs& raw, const char* description) {
  command.add_option("--page-size", raw.args.page_size, description)
      ->type_name("NUMBER")
      ->check(CLI::Range(1, 1000));
}

void AddCommands(CLI::App& app, RawArgs& raw) {
  CLI::App* get = AddCommand(app, "get", "One account's balances");
  get->callback([&raw] { raw.args.command = Command::kGet; });
  get->add_option("account", raw.args.account, "Id or accounts/ID; none: the only account")
      ->type_name("");
  AddReadOptions(*get, raw);
  get->add_option("--require", raw.require,
                  "Fail unless these sources have data: any, all or ID[,ID...]")
      ->type_name("WHICH");

  CLI::App* list = AddCommand(app, "list", "All accounts' balances, from the cache by default");
  list->callback([&raw] { raw.args.command = Command::kList; });
  AddReadOptions(*list, raw);
  AddPageSize(*list, raw, "Accounts a request; all pages are read");

  CLI::App* sources = AddCommand(app, "sources", "The configured sources and their condition");
  sources->callback([&raw] { raw.args.command = Command::kSources; });
  sources->add_option("account", raw.args.account, "Id or accounts/ID; none: all accounts")
      ->type_name("");
  AddPageSize(*sources, raw, "Sources a request; all pages are read");

  AddWatch(app, raw);

  CLI::App* health = AddCommand(app, "health", "Whether the server serves");
  health->callback([&raw] { raw.args.command = Command::kHealth; });
}

std::string BadDuration(const char* option, const std::string& text) {
  return std::string(option) + ": \"" + text +
         "\" is not a duration such as 500ms, 2s or 1m, of at most 10000h";
}

Problem SetDuration(const char* option, const std::optional<std::string>& text,
                    google::protobuf::Duration* (v1::ReadPolicy::*field)(),
                    v1::ReadPolicy& policy) {
  if (!text) return std::nullopt;
  const auto duration = ParseDuration(*text);
  if (!duration) return BadDuration(option, *text);
  *(policy.*field)() = TimeUtil::NanosecondsToDuration(duration->count());
  return std::nullopt;
}

Problem SetDuration(const char* option, const std::optional<std::string>& text,
                    google::protobuf::Duration* (v1::WatchAccountSnapshotsRequest::*field)(),
                    v1::WatchAccountSnapshotsRequest& request) {
  if (!text) return std::nullopt;
  const auto duration = ParseDuration(*text);
  if (!duration) return BadDuration(option, *text);
  *(request.*field)() = TimeUtil::NanosecondsToDuration(duration->count());
  return std::nullopt;
}

Problem SetWatch(const RawArgs& raw, v1::WatchAccountSnapshotsRequest& request) {
  using Request = v1::WatchAccountSnapshotsRequest;
  if (auto problem = SetDuration("--heartbeat", raw.heartbeat, &Request::mutable_heartbeat_interval,
                                 request)) {
    return problem;
  }
  return SetDuration("--min-interval", raw.min_interval, &Request::mutable_min_interval, request);
}

Problem SetRequire(const std::string& text, v1::ReadPolicy& policy) {
  if (text == "any" || text == "all") {
    policy.set_require(text == "any" ? v1::ReadPolicy::ANY : v1::ReadPolicy::ALL);
    return std::nullopt;
  }
  policy.set_require(v1::ReadPolicy::NAMED);
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    if (comma == at) return "--require: an id is empty; give any, all or ID[,ID...]";
    policy.add_required_sources(text.substr(at, comma - at));
    at = comma + 1;
  }
  return std::nullopt;
}

Problem SetPolicy(const RawArgs& raw, v1::ReadPolicy& policy) {
  if (auto problem =
          SetDuration("--max-age", raw.max_age, &v1::ReadPolicy::mutable_max_age, policy)) {
    return problem;
  }
  if (auto problem =
          SetDuration("--max-stale", raw.max_stale, &v1::ReadPolicy::mutable_max_stale, policy)) {
    return problem;
  }
  if (raw.not_before && !TimeUtil::FromString(*raw.not_before, policy.mutable_not_before())) {
    return "--not-before: \"" + *raw.not_before +
           "\" is not an RFC 3339 time such as 2026-01-31T09:30:00Z";
  }
  if (raw.only_if_cached) policy.set_only_if_cached(true);
  return raw.require ? SetRequire(*raw.require, policy) : std::nullopt;
}

// The host of HOST:PORT or [IPV6]:PORT; nothing for anything else.
std::optional<std::string> HostOf(const std::string& server) {
  const std::size_t colon = server.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  const char* end = server.data() + server.size();
  int port = 0;
  const auto [stop, error] = std::from_chars(server.data() + colon + 1, end, port);
  if (error != std::errc() || stop != end || port < 1 || port > 65535) return std::nullopt;
  std::string host = server.substr(0, colon);
  if (!host.starts_with('[')) {
    return host.find(':') == std::string::npos ? std::optional(host) : std::nullopt;
  }
  return host.ends_with(']') ? std::optional(host.substr(1, host.size() - 2)) : std::nullopt;
}

bool IsUnixSocket(const std::string& server) {
  return server.starts_with("unix:") || server.starts_with("unix-abstract:");
}

Problem CheckConnection(Args& args) {
  if (!HostOf(args.server) && !IsUnixSocket(args.server) &&
      args.server.find("://") == std::string::npos) {
    return "--server: \"" + args.server + "\" is not HOST:PORT";
  }
  TlsFlags& tls = args.tls;
  if (tls.cert_file.empty() != tls.key_file.empty()) {
    return "--tls-cert and --tls-key are needed together";
  }
  tls.enabled =
      tls.enabled || !tls.ca_file.empty() || !tls.cert_file.empty() || !tls.server_name.empty();
  if (!args.token_file.empty() && !tls.enabled && !IsLoopback(args.server)) {
    return "--token-file: a token goes to another machine only over --tls";
  }
  return std::nullopt;
}

Problem Interpret(const RawArgs& raw, const Environment& environment, Args& args) {
  const auto timeout = ParseDuration(raw.timeout);
  if (!timeout) return BadDuration("--timeout", raw.timeout);
  if (timeout->count() == 0) return "--timeout: must be longer than 0s";
  const bool is_endless = args.command == Command::kWatch && !raw.has_timeout;
  args.timeout = is_endless ? std::chrono::nanoseconds::max() : *timeout;
  const auto complete = [](std::string& account) {
    if (!account.empty() && account.find('/') == std::string::npos) account.insert(0, "accounts/");
  };
  complete(args.account);
  std::for_each(args.accounts.begin(), args.accounts.end(), complete);
  args.output = raw.output == "json" ? Output::kJson : Output::kTable;
  args.color = raw.color == "always" ||
               (raw.color == "auto" && environment.color_terminal && !environment.no_color);
  if (raw.fund_class == "real") args.fund_class = v1::REAL_MONEY;
  if (raw.fund_class == "simulated") args.fund_class = v1::SIMULATED_MONEY;
  if (raw.view == "basic") args.view = v1::BASIC;
  if (raw.view == "full") args.view = v1::FULL;
  if (auto problem = CheckConnection(args)) return problem;
  if (auto problem = SetWatch(raw, args.watch)) return problem;
  return SetPolicy(raw, args.policy);
}

EarlyExit UsageError(const std::string& problem) {
  return {kExitUsage, "balancectl: " + problem + "\nTry: balancectl --help\n"};
}

}  // namespace

tl::expected<Args, EarlyExit> ParseArgs(int argc, const char* const* argv,
                                        const Environment& environment) {
  RawArgs raw;
  raw.args.server = environment.server.empty() ? kDefaultServer : environment.server;
  CLI::App app(kDescription, "balancectl");
  app.footer(kFooter);
  app.set_version_flag("--version", "balancectl " BALANCE_VERSION);
  app.fallthrough();
  app.require_subcommand(0, 1);
  AddGlobalOptions(app, raw);
  AddCommands(app, raw);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return tl::unexpected(EarlyExit{kExitComplete, app.help()});
  } catch (const CLI::CallForVersion& version) {
    return tl::unexpected(EarlyExit{kExitComplete, std::string(version.what()) + "\n"});
  } catch (const CLI::ParseError& error) {
    return tl::unexpected(UsageError(error.what()));
  }
  // Checked here, since CLI11 would report a missing command even where it does not know the one
  // that was given.
  if (app.get_subcommands().empty()) {
    return tl::unexpected(UsageError("a command is needed: get, list, sources, watch or health"));
  }
  Args args = std::move(raw.args);
  if (const auto problem = Interpret(raw, environment, args)) {
    return tl::unexpected(UsageError(*problem));
  }
  return args;
}

bool IsLoopback(const std::string& server) {
  if (IsUnixSocket(server)) return true;
  const auto host = HostOf(server);
  if (!host) return false;
  if (*host == "localhost") return true;
  in_addr v4 = {};
  if (inet_pton(AF_INET, host->c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6 = {};
  return inet_pton(AF_INET6, host->c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace balance::ctl
