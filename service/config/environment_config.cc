#include <google/protobuf/util/time_util.h>

#include "service/config/build_config.h"
#include "service/config/duration_text.h"
#include "service/config/load_config.h"

namespace balance {
namespace {

constexpr const char* kAccount = "accounts[0]";

// Fills the message from variables, as a file would.
class EnvironmentReader {
 public:
  EnvironmentReader(ConfigDocument& document, const EnvLookup& env)
      : document_(document), env_(env) {}

  void Read() {
    ReadServer();
    config::v1::Account& account = *document_.mutable_message().add_accounts();
    account.set_id("default");
    document_.AddField(std::string(kAccount) + ".id", 0);
    ReadPolymarketUs(account);
    ReadPolySimulator(account);
    if (!account.sources().empty() || document_.HasIssues()) return;
    document_.AddIssue("", "no credentials are set",
                       "start with --config FILE, or set POLYMARKET_KEY_ID and "
                       "POLYMARKET_SECRET_KEY, or POLYSIM_API_KEY, or all three");
  }

 private:
  // Empty if it is not set.
  std::string Variable(const char* name) const { return env_(name).value_or(""); }

  void ReadServer() {
    config::v1::Config& message = document_.mutable_message();
    if (std::string listen = Given("listen", "BALANCE_LISTEN"); !listen.empty()) {
      message.set_listen(std::move(listen));
    }
    if (std::string listen = Given("admin_listen", "BALANCE_ADMIN_LISTEN"); !listen.empty()) {
      message.set_admin_listen(std::move(listen));
    }
    const std::string path = "server.drain_delay";
    const std::string delay = Given(path, "BALANCE_DRAIN_DELAY");
    if (delay.empty()) return;
    if (!IsDurationText(delay) || !google::protobuf::util::TimeUtil::FromString(
                                      delay, message.mutable_server()->mutable_drain_delay())) {
      document_.AddIssue(path, "is not a duration", DurationRemedy(delay));
    }
  }

  void ReadPolymarketUs(config::v1::Account& account) {
    const bool has_key_id = !Variable("POLYMARKET_KEY_ID").empty();
    const bool has_secret = !Variable("POLYMARKET_SECRET_KEY").empty();
    if (!has_key_id && !has_secret) return;
    const std::string path = AddSource(account, "polymarket-us");
    config::v1::Source& source = *account.mutable_sources()->rbegin();
    config::v1::PolymarketUs& venue = *source.mutable_polymarket_us();
    venue.set_base_url(Given(path + ".polymarket_us.base_url", "POLYMARKET_BASE_URL"));
    ReadFundClass(path + ".fund_class", source);
    ReadHalf(path + ".polymarket_us.key_id", "POLYMARKET_KEY_ID", has_key_id,
             *venue.mutable_key_id());
    ReadHalf(path + ".polymarket_us.secret_key", "POLYMARKET_SECRET_KEY", has_secret,
             *venue.mutable_secret_key());
  }

  void ReadPolySimulator(config::v1::Account& account) {
    if (Variable("POLYSIM_API_KEY").empty()) return;
    const std::string path = AddSource(account, "polysimulator");
    config::v1::PolySimulator& venue =
        *account.mutable_sources()->rbegin()->mutable_polysimulator();
    venue.set_base_url(Given(path + ".polysimulator.base_url", "POLYSIM_BASE_URL"));
    document_.AddLabel(path + ".polysimulator.api_key", "POLYSIM_API_KEY");
    venue.mutable_api_key()->set_env("POLYSIM_API_KEY");
  }

  // The value of the variable, noted as the field `path` if it is set.
  std::string Given(const std::string& path, const char* variable) {
    std::string value = Variable(variable);
    document_.AddLabel(path, variable);
    if (!value.empty()) document_.AddField(path, 0);
    return value;
  }

  static std::string PathOfSource(int index) {
    return std::string(kAccount) + ".sources[" + std::to_string(index) + "]";
  }

  std::string AddSource(config::v1::Account& account, const char* id) {
    const std::string path = PathOfSource(account.sources_size());
    account.add_sources()->set_id(id);
    document_.AddField(path + ".id", 0);
    return path;
  }

  void ReadFundClass(const std::string& path, config::v1::Source& source) {
    const std::string word = Given(path, "POLYMARKET_FUND_CLASS");
    config::v1::FundClass fund_class = config::v1::FUND_CLASS_UNSPECIFIED;
    if (word.empty()) return;
    if (config::v1::FundClass_Parse(word, &fund_class) &&
        fund_class != config::v1::FUND_CLASS_UNSPECIFIED) {
      source.set_fund_class(fund_class);
    } else {
      document_.AddIssue(path, "is not a fund class", "set it to REAL_MONEY or SIMULATED_MONEY");
    }
  }

  void ReadHalf(const std::string& path, const char* variable, bool is_set,
                config::v1::Secret& secret) {
    document_.AddLabel(path, variable);
    secret.set_env(variable);
    if (is_set) return;
    document_.AddIssue(path, "is not set, although the other half of the Polymarket US key is",
                       "set both POLYMARKET_KEY_ID and POLYMARKET_SECRET_KEY, or neither");
  }

  ConfigDocument& document_;
  const EnvLookup& env_;
};

}  // namespace

ConfigResult ConfigFromEnvironment(const EnvLookup& env) {
  ConfigDocument document("environment");
  EnvironmentReader(document, env).Read();
  if (document.HasIssue("")) return tl::unexpected(document.TakeIssues());
  Config config = BuildConfig(document, env);
  if (document.HasIssues()) return tl::unexpected(document.TakeIssues());
  return config;
}

}  // namespace balance
