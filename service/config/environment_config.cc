#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "service/config/build_config.h"
#include "service/config/duration_text.h"
#include "service/config/join_words.h"
#include "service/config/load_config.h"

namespace balance {
namespace {

constexpr const char* kAccount = "accounts[0]";

// How many, in a word where there is a short one.
std::string CountOf(std::size_t number) {
  constexpr std::array<const char*, 10> kWords = {"none", "one", "two",   "three", "four",
                                                  "five", "six", "seven", "eight", "nine"};
  return number < kWords.size() ? kWords[number] : std::to_string(number);
}

std::vector<std::string> VariablesOf(const VenueFacts& venue) {
  std::vector<std::string> variables;
  for (const LoginField& field : venue.login) variables.emplace_back(field.variable);
  return variables;
}

// Those of which some are needed: "A and B, or C, or all three".
std::string LoginVariables(const Venues& venues) {
  std::string text;
  std::size_t count = 0;
  for (const Venue* venue : venues) {
    const std::vector<std::string> variables = VariablesOf(venue->facts());
    text += (text.empty() ? "" : ", or ") + JoinWords(variables, "and");
    count += variables.size();
  }
  return venues.size() == 1 ? text : text + ", or all " + CountOf(count);
}

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
    for (const Venue* venue : document_.venues()) ReadVenue(venue->facts(), venue->Id(), account);
    if (!account.sources().empty() || document_.HasIssues()) return;
    document_.AddIssue("", "no credentials are set",
                       "start with --config FILE, or set " + LoginVariables(document_.venues()));
  }

 private:
  // Empty if it is not set.
  std::string Variable(std::string_view name) const { return env_(std::string(name)).value_or(""); }

  void ReadServer() {
    config::v1::Config& message = document_.mutable_message();
    if (std::string listen = Given("listen", "BALANCE_LISTEN"); !listen.empty()) {
      message.set_listen(std::move(listen));
    }
    if (std::string listen = Given("admin_listen", "BALANCE_ADMIN_LISTEN"); !listen.empty()) {
      message.set_admin_listen(std::move(listen));
    }
    ReadPush();
    const std::string path = "server.drain_delay";
    const std::string delay = Given(path, "BALANCE_DRAIN_DELAY");
    if (delay.empty()) return;
    if (!IsDurationText(delay) || !google::protobuf::util::TimeUtil::FromString(
                                      delay, message.mutable_server()->mutable_drain_delay())) {
      document_.AddIssue(path, "is not a duration", DurationRemedy(delay));
    }
  }

  void ReadPush() {
    const std::string word = Variable("BALANCE_PUSH");
    wants_push_ = word == "true";
    if (word.empty() || wants_push_ || word == "false") return;
    document_.AddLabel("push", "BALANCE_PUSH");
    document_.AddIssue("push", "is neither true nor false", "set it to one of them, or not at all");
  }

  void ReadVenue(const VenueFacts& venue, const std::string& id, config::v1::Account& account) {
    const auto is_set = [this](const LoginField& field) {
      return !Variable(field.variable).empty();
    };
    if (std::none_of(venue.login.begin(), venue.login.end(), is_set)) return;
    const std::string path = AddSource(account, id);
    const std::string login_path = path + "." + std::string(venue.key);
    config::v1::Source& source = *account.mutable_sources()->rbegin();
    config::v1::Login& login = *source.mutable_login();
    login.set_venue(std::string(venue.key));
    login.set_base_url(Given(login_path + ".base_url", venue.base_url_variable));
    if (!venue.fund_class_variable.empty()) {
      ReadFundClass(path + ".fund_class", venue.fund_class_variable, source);
    }
    source.mutable_push()->set_enabled(wants_push_ && venue.has_push);
    for (const LoginField& field : venue.login) {
      const std::string field_path = login_path + "." + std::string(field.key);
      document_.AddLabel(field_path, std::string(field.variable));
      (*login.mutable_secrets())[std::string(field.key)].set_env(std::string(field.variable));
      if (!is_set(field)) RefuseMissing(venue, field_path);
    }
  }

  // The value of the variable, noted as the field `path` if it is set.
  std::string Given(const std::string& path, std::string_view variable) {
    std::string value = Variable(variable);
    document_.AddLabel(path, std::string(variable));
    if (!value.empty()) document_.AddField(path, 0);
    return value;
  }

  static std::string PathOfSource(int index) {
    return std::string(kAccount) + ".sources[" + std::to_string(index) + "]";
  }

  std::string AddSource(config::v1::Account& account, const std::string& id) {
    std::string path = PathOfSource(account.sources_size());
    account.add_sources()->set_id(id);
    document_.AddField(path + ".id", 0);
    return path;
  }

  void ReadFundClass(const std::string& path, std::string_view variable,
                     config::v1::Source& source) {
    const std::string word = Given(path, variable);
    config::v1::FundClass fund_class = config::v1::FUND_CLASS_UNSPECIFIED;
    if (word.empty()) return;
    if (config::v1::FundClass_Parse(word, &fund_class) &&
        fund_class != config::v1::FUND_CLASS_UNSPECIFIED) {
      source.set_fund_class(fund_class);
    } else {
      document_.AddIssue(path, "is not a fund class", "set it to REAL_MONEY or SIMULATED_MONEY");
    }
  }

  // One part of a login, where another one is set.
  void RefuseMissing(const VenueFacts& venue, const std::string& path) {
    const std::vector<std::string> variables = VariablesOf(venue);
    const bool is_half = variables.size() == 2;
    document_.AddIssue(path,
                       std::string("is not set, although ") +
                           (is_half ? "the other half" : "another part") + " of the " +
                           std::string(venue.name) + " key is",
                       std::string("set ") + (is_half ? "both " : "all of ") +
                           JoinWords(variables, "and") + (is_half ? ", or neither" : ", or none"));
  }

  ConfigDocument& document_;
  const EnvLookup& env_;
  bool wants_push_ = false;
};

}  // namespace

ConfigResult ConfigFromEnvironment(const EnvLookup& env, const Venues& venues) {
  ConfigDocument document("environment", venues);
  EnvironmentReader(document, env).Read();
  if (document.HasIssue("")) return tl::unexpected(document.TakeIssues());
  Config config = BuildConfig(document, env);
  if (document.HasIssues()) return tl::unexpected(document.TakeIssues());
  return config;
}

}  // namespace balance
