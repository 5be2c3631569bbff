#include "tests/sandbox/flags.h"

#include <charconv>
#include <map>
#include <utility>

namespace balance::sandbox {
namespace {

template <typename Number>
bool ParseNumber(const std::string& text, Number& to) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, to);
  return error == std::errc{} && stop == end;
}

// "1s", "250ms" or "0".
bool ParsePeriod(std::string text, Duration& to) {
  Duration unit = std::chrono::seconds(1);
  if (text.ends_with("ms")) {
    unit = std::chrono::milliseconds(1);
    text.resize(text.size() - 2);
  } else if (text.ends_with('s')) {
    text.pop_back();
  } else if (text != "0") {
    return false;
  }
  std::uint32_t count = 0;
  if (!ParseNumber(text, count)) return false;
  to = count * unit;
  return true;
}

struct Credentials {
  std::string polymarket_key_id;
  std::string polymarket_secret_key;
  std::string polysim_api_key;
};

// A flag's value is taken by a function that returns whether it is one.
using Setter = std::function<bool(const std::string&)>;

Setter Text(std::string& to) {
  return [&to](const std::string& value) {
    to = value;
    return !value.empty();
  };
}

template <typename Number>
Setter Numeric(Number& to) {
  return [&to](const std::string& value) { return ParseNumber(value, to); };
}

std::map<std::string, Setter> Setters(Flags& flags, Credentials& credentials) {
  SandboxOptions& options = flags.options;
  return {
      {"--polymarket-port", Numeric(options.polymarket_port)},
      {"--polysimulator-port", Numeric(options.polysimulator_port)},
      {"--control-port", Numeric(options.control_port)},
      {"--polymarket-prefix",
       [&options](const std::string& value) {
         options.polymarket_prefix = value;
         return value.starts_with('/') && !value.ends_with('/');
       }},
      {"--tls-cert", Text(options.tls_certificate_file)},
      {"--tls-key", Text(options.tls_key_file)},
      {"--env-file", Text(flags.env_file)},
      {"--login-folder", Text(flags.login_folder)},
      {"--seed", Numeric(options.seed)},
      {"--move-every",
       [&options](const std::string& value) { return ParsePeriod(value, options.move_every); }},
      {"--polymarket-key-id", Text(credentials.polymarket_key_id)},
      {"--polymarket-secret-key", Text(credentials.polymarket_secret_key)},
      {"--polysim-api-key", Text(credentials.polysim_api_key)},
  };
}

// A value that stands before any flag: the environment's.
Credentials FromEnvironment(const Environment& environment) {
  return {environment("POLYMARKET_KEY_ID").value_or(""),
          environment("POLYMARKET_SECRET_KEY").value_or(""),
          environment("POLYSIM_API_KEY").value_or("")};
}

Result<void> AddCredentials(const Credentials& credentials, SandboxOptions& options) {
  if (credentials.polymarket_key_id.empty() != credentials.polymarket_secret_key.empty()) {
    return Fail(ErrorKind::kInvalidInput,
                "a Polymarket key id and secret key come together or not at all");
  }
  if (!credentials.polymarket_key_id.empty()) {
    options.polymarket_keys = {
        {credentials.polymarket_key_id, credentials.polymarket_secret_key, "main"}};
  }
  if (!credentials.polysim_api_key.empty()) {
    options.polysim_keys = {{credentials.polysim_api_key, "main", KeyState::kActive}};
  }
  return {};
}

}  // namespace

Result<Flags> ParseFlags(const std::vector<std::string>& arguments,
                         const Environment& environment) {
  Flags flags;
  flags.options.move_every = std::chrono::seconds(1);
  Credentials credentials = FromEnvironment(environment);
  const auto setters = Setters(flags, credentials);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string name = arguments[i];
    if (name == "--help" || name == "-h") flags.help = true;
    if (name == "--quiet") flags.quiet = true;
    if (name == "--only-logins") flags.only_logins = true;
    if (name == "--help" || name == "-h" || name == "--quiet" || name == "--only-logins") continue;
    const auto equals = name.find('=');
    std::optional<std::string> value;
    if (equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (i + 1 < arguments.size()) {
      value = arguments[i + 1];
    }
    const auto setter = setters.find(name);
    if (setter == setters.end()) {
      return Fail(ErrorKind::kInvalidInput, "unknown argument \"" + name + "\"; see --help");
    }
    if (equals == std::string::npos) ++i;
    if (!value || !setter->second(*value)) {
      return Fail(ErrorKind::kInvalidInput, name + " has no value or a wrong one; see --help");
    }
  }
  if (const auto added = AddCredentials(credentials, flags.options); !added) {
    return tl::unexpected(added.error());
  }
  if (flags.only_logins && flags.login_folder.empty()) {
    return Fail(ErrorKind::kInvalidInput, "--only-logins needs a --login-folder; see --help");
  }
  return flags;
}

std::string FlagsHelp() {
  return R"(upstream-sandbox: Polymarket US and PolySimulator on loopback, with invented money

Usage: upstream-sandbox [OPTION]...

  --polymarket-port N      ports on 127.0.0.1; 0 (the default): the system chooses
  --polysimulator-port N
  --control-port N
  --env-file PATH          once serving, write credentials and addresses to PATH as shell lines,
                           mode 0600: POLYMARKET_KEY_ID, POLYMARKET_SECRET_KEY,
                           POLYMARKET_BASE_URL, POLYSIM_API_KEY, POLYSIM_BASE_URL,
                           SANDBOX_CONTROL_URL
  --polymarket-prefix /P   serve Polymarket under /P, as behind a proxy; /P is never signed
  --tls-cert FILE          speak TLS on the two upstream ports (PEM); needs --tls-key
  --tls-key FILE
  --move-every PERIOD      how often money moves: 1s (the default), 250ms, 0 for never
  --seed N                 of the money's random walk; 1 by default
  --polymarket-key-id ID   the logins to accept; without these flags the environment's
  --polymarket-secret-key KEY
                           POLYMARKET_KEY_ID, POLYMARKET_SECRET_KEY and POLYSIM_API_KEY;
  --polysim-api-key KEY    without those, new ones are made
  --login-folder DIR       take the logins from the files polymarket-us-key-id,
                           polymarket-us-secret and polysimulator-key in DIR; write those that
                           are missing, mode 0440
  --only-logins            do that and exit
  --quiet                  print nothing but errors
  --help                   print this and exit

The control endpoint scripts faults, moves money and counts requests; GET / on it lists what it
takes. SIGINT and SIGTERM stop the program.

Exit codes: 0 stopped as asked, 64 usage, 69 a port or a file cannot be had.
)";
}

}  // namespace balance::sandbox
