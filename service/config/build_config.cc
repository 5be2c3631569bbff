#include "service/config/build_config.h"

#include <unordered_map>
#include <utility>

#include "service/config/build_access.h"
#include "service/config/build_fleet.h"
#include "service/config/build_source.h"
#include "service/config/config_block.h"
#include "service/config/listen_address.h"
#include "service/config/resource_id.h"
#include "service/config/settings.h"
#include "service/config/shared_credentials.h"

namespace balance {
namespace {

std::string CheckedAddress(const char* field, const std::string& given, const char* standard,
                           ConfigDocument& document) {
  if (!document.IsGiven(field)) return standard;
  if (!ParseListenAddress(given)) {
    document.AddIssue(field, "is not host:port", std::string("write it such as ") + standard);
  }
  return given;
}

void RequireLoopback(const std::string& listen, ConfigDocument& document) {
  const auto address = ParseListenAddress(listen);
  if (!address || address->IsLoopback() || document.message().allow_insecure()) return;
  if (!document.IsAbsent("tls")) return;
  if (!document.IsGiven("allow_insecure") && !document.IsAbsent("allow_insecure")) return;
  document.AddIssue(
      "listen", "is off loopback, where the server speaks plaintext to everybody",
      "listen on 127.0.0.1, or set tls or allow_insecure: true in the configuration file");
}

void RequireTwoPorts(const Config& config, ConfigDocument& document) {
  const auto grpc = ParseListenAddress(config.listen);
  const auto admin = ParseListenAddress(config.admin_listen);
  if (!grpc || !admin || !Collide(*grpc, *admin)) return;
  // The other one may have its default, which has no place in the file.
  const bool admin_is_given = document.IsGiven("admin_listen");
  document.AddIssue(
      admin_is_given ? "admin_listen" : "listen",
      std::string("is the address of ") + (admin_is_given ? "listen" : "admin_listen"),
      "give the two different ports");
}

// Ids that must differ, with the line of their first use.
class UniqueIds {
 public:
  explicit UniqueIds(ConfigDocument& document) : document_(document) {}

  void Check(const std::string& id, const std::string& path) {
    if (!CheckResourceId(id, path, document_)) return;
    const int line = document_.LineOf(path);
    if (const auto [first, is_new] = first_lines_.emplace(id, line); !is_new) {
      document_.AddIssue(
          path, "\"" + id + "\" is used twice, first on line " + std::to_string(first->second),
          "choose another id");
    }
  }

 private:
  ConfigDocument& document_;
  std::unordered_map<std::string, int> first_lines_;
};

void RequireEntries(bool empty, const std::string& path, const std::string& remedy,
                    ConfigDocument& document) {
  if (empty && (document.IsGiven(path) || document.IsAbsent(path))) {
    document.AddIssue(path, "has no entry", remedy);
  }
}

AccountConfig BuildAccount(const config::v1::Account& account, const std::string& path,
                           SourceBuilder& builder, ConfigDocument& document) {
  AccountConfig result;
  result.id = account.id();
  RequireEntries(account.sources().empty(), path + ".sources",
                 "add a source with " + VenueKeys(document.venues()), document);
  UniqueIds ids(document);
  for (int i = 0; i < account.sources_size(); ++i) {
    const std::string source_path = path + ".sources[" + std::to_string(i) + "]";
    // What is no message at all lacks more than an id.
    if (!document.HasIssue(source_path)) {
      ids.Check(account.sources(i).id(), source_path + ".id");
    }
    result.sources.push_back(builder.Build(account.id(), account.sources(i), source_path));
  }
  return result;
}

}  // namespace

Config BuildConfig(ConfigDocument& document, const EnvLookup& env, const InForce* in_force) {
  const config::v1::Config& message = document.message();
  Config config;
  config.listen = CheckedAddress("listen", message.listen(), ConfigDefaults::kListen, document);
  RequireLoopback(config.listen, document);
  config.admin_listen = CheckedAddress("admin_listen", message.admin_listen(),
                                       ConfigDefaults::kAdminListen, document);
  RequireTwoPorts(config, document);
  config.tls = BuildTls(document, in_force);
  config.server = ReadServer(message, document);
  config.fleet = BuildFleet(document, env);
  config.log = ReadLog(message.log());

  SourceBuilder builder(document, env);
  RequireEntries(message.accounts().empty(), "accounts", "add an account with a source", document);
  UniqueIds ids(document);
  for (int i = 0; i < message.accounts_size(); ++i) {
    const std::string path = "accounts[" + std::to_string(i) + "]";
    // No message at all.
    if (document.HasIssue(path)) {
      config.accounts.emplace_back();
      continue;
    }
    ids.Check(message.accounts(i).id(), path + ".id");
    config.accounts.push_back(BuildAccount(message.accounts(i), path, builder, document));
  }
  ApplySharedCredentials(config, document);
  config.callers = BuildCallers(config, document, in_force);
  config.warnings = document.TakeWarnings();
  return config;
}

}  // namespace balance
