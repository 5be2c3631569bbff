#include "service/config/print_config.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "service/config/duration_text.h"
#include "service/config/fleet_settings.h"
#include "service/config/fund_class_name.h"
#include "service/config/listen_address.h"
#include "service/config/number_text.h"
#include "service/config/yaml_writer.h"

namespace balance {
namespace {

void PrintMask(YamlWriter& out, std::string_view key) {
  out.Key(key);
  out.BeginMapping(YamlWriter::Layout::kFlow);
  out.Key("value");
  out.QuotedText("***");
  out.EndMapping();
}

void PrintInteger(YamlWriter& out, const char* key, std::int32_t number) {
  out.Entry(key, std::to_string(number));
}

void PrintBool(YamlWriter& out, const char* key, bool value) {
  out.Entry(key, value ? "true" : "false");
}

void PrintSeconds(YamlWriter& out, const char* key, Duration duration) {
  out.Entry(key, PrintDuration(duration));
}

void PrintLogin(YamlWriter& out, const VenueFacts& venue, const Login& login) {
  out.Key(venue.key);
  out.BeginMapping();
  out.Entry("base_url", login.base_url.ToString());
  for (const LoginField& field : venue.login) PrintMask(out, field.key);
  out.EndMapping();
}

void PrintCache(YamlWriter& out, const CacheSettings& cache) {
  out.Key("cache");
  out.BeginMapping();
  PrintSeconds(out, "ttl", cache.ttl);
  PrintSeconds(out, "stale_while_revalidate", cache.stale_while_revalidate);
  PrintSeconds(out, "max_stale", cache.max_stale);
  PrintSeconds(out, "min_refresh_interval", cache.min_refresh_interval);
  out.EndMapping();
}

void PrintPush(YamlWriter& out, const PushSettings& push) {
  out.Key("push");
  out.BeginMapping();
  PrintBool(out, "enabled", push.enabled);
  if (push.enabled) PrintSeconds(out, "poll_interval", push.poll_interval);
  out.EndMapping();
}

void PrintUpstream(YamlWriter& out, const UpstreamSettings& upstream) {
  out.Key("upstream");
  out.BeginMapping();
  PrintSeconds(out, "attempt_timeout", upstream.attempt_timeout);
  PrintSeconds(out, "refresh_budget", upstream.refresh_budget);
  out.Entry("requests_per_second", PrintNumber(upstream.rate.requests_per_second));
  PrintInteger(out, "burst", upstream.rate.burst);
  if (!upstream.tls_ca_file.empty()) out.Entry("tls_ca_file", upstream.tls_ca_file);
  out.EndMapping();
}

const char* NameOf(ServerEngine engine) {
  switch (engine) {
    case ServerEngine::kNghttp2:
      return "NGHTTP2";
    case ServerEngine::kGrpc:
      return "GRPC";
  }
  return "";
}

void PrintSource(YamlWriter& out, const SourceConfig& source) {
  out.BeginMapping();
  out.Entry("id", source.info.source);
  out.Entry("pool", source.info.pool);
  out.Entry("fund_class", NameOf(source.info.fund_class));
  PrintLogin(out, source.venue->facts(), source.login);
  PrintCache(out, source.info.cache);
  PrintUpstream(out, source.upstream);
  PrintPush(out, source.info.push);
  out.EndMapping();
}

void PrintAccount(YamlWriter& out, const AccountConfig& account) {
  out.BeginMapping();
  out.Entry("id", account.id);
  out.Key("sources");
  out.BeginSequence();
  for (const SourceConfig& source : account.sources) PrintSource(out, source);
  out.EndSequence();
  out.EndMapping();
}

void PrintTls(YamlWriter& out, const TlsSettings& tls) {
  out.Key("tls");
  out.BeginMapping();
  out.Entry("certificate_file", tls.certificate_file);
  out.Entry("private_key_file", tls.private_key_file);
  if (!tls.client_ca_file.empty()) {
    out.Entry("client_ca_file", tls.client_ca_file);
    out.Entry("client_certificate", tls.require_client_certificate ? "REQUIRED" : "OPTIONAL");
  }
  out.EndMapping();
}

template <typename Words>
void PrintWords(YamlWriter& out, const char* key, const Words& words) {
  out.Key(key);
  out.BeginSequence(YamlWriter::Layout::kFlow);
  for (const auto& word : words) out.QuotedText(word);
  out.EndSequence();
}

void PrintIdentity(YamlWriter& out, const SpiffeId& identity) {
  out.Entry("spiffe_id", identity.uri);
}

void PrintIdentity(YamlWriter& out, const DnsName& identity) {
  out.Entry("dns_name", identity.name);
}

void PrintIdentity(YamlWriter& out, const BearerTokens& identity) {
  out.Entry("token_file", identity.file);
}

void PrintCaller(YamlWriter& out, const CallerRule& caller) {
  out.BeginMapping();
  out.Entry("id", caller.id);
  std::visit([&](const auto& identity) { PrintIdentity(out, identity); }, caller.identity);
  if (caller.all_accounts) {
    PrintWords(out, "accounts", std::array{"*"});
  } else {
    PrintWords(out, "accounts", caller.accounts);
  }
  std::vector<std::string_view> methods;
  for (std::size_t i = 0; i < kRpcMethodNames.size(); ++i) {
    if (caller.methods.test(i)) methods.emplace_back(kRpcMethodNames[i]);
  }
  PrintWords(out, "methods", methods);
  out.EndMapping();
}

void PrintRedisLogin(YamlWriter& out, const RedisLogin& login) {
  if (!login.username.empty()) out.Entry("username", login.username);
  if (login.password) PrintMask(out, "password");
}

void PrintSentinel(YamlWriter& out, const SentinelSettings& sentinel) {
  std::vector<std::string> addresses;
  for (const HostPort& address : sentinel.addresses) addresses.push_back(AddressText(address));
  out.Key("sentinel");
  out.BeginMapping();
  PrintWords(out, "addresses", addresses);
  out.Entry("primary", sentinel.primary);
  PrintRedisLogin(out, sentinel.login);
  out.EndMapping();
}

void PrintRedis(YamlWriter& out, const RedisSettings& redis) {
  out.Key("redis");
  out.BeginMapping();
  if (redis.sentinel) {
    PrintSentinel(out, *redis.sentinel);
  } else {
    out.Entry("address", AddressText(redis.address));
  }
  PrintRedisLogin(out, redis.login);
  if (redis.tls.is_on) {
    out.Key("tls");
    out.BeginMapping();
    out.Entry("ca_file", redis.tls.ca_file);
    out.EndMapping();
  }
  PrintSeconds(out, "operation_timeout", redis.operation_timeout);
  out.EndMapping();
}

void PrintFleet(YamlWriter& out, const FleetConfig& fleet) {
  out.Key("fleet");
  out.BeginMapping();
  PrintRedis(out, fleet.redis);
  PrintMask(out, "sealing_key");
  if (fleet.previous_sealing_key) PrintMask(out, "previous_sealing_key");
  PrintInteger(out, "max_replicas", fleet.max_replicas);
  out.Entry("reserve", PrintNumber(fleet.reserve));
  out.EndMapping();
}

// Whether what is configured needs `allow_insecure`.
bool IsInsecure(const Config& config) {
  const auto listen = ParseListenAddress(config.listen);
  if (!config.tls && listen && !listen->IsLoopback()) return true;
  return config.fleet && IsPlaintextOffLoopback(config.fleet->redis);
}

void PrintCallers(YamlWriter& out, const std::vector<CallerRule>& callers) {
  out.Key("callers");
  out.BeginSequence();
  for (const CallerRule& caller : callers) PrintCaller(out, caller);
  out.EndSequence();
}

}  // namespace

std::string PrintConfig(const Config& config) {
  YamlWriter out;
  out.BeginMapping();
  out.Entry("listen", config.listen);
  out.Entry("admin_listen", config.admin_listen);
  if (IsInsecure(config)) PrintBool(out, "allow_insecure", true);
  out.Key("server");
  out.BeginMapping();
  PrintSeconds(out, "drain_delay", config.server.drain_delay);
  PrintSeconds(out, "max_connection_age", config.server.max_connection_age);
  PrintInteger(out, "max_answer_size", config.server.max_answer_size);
  PrintBool(out, "reflection", config.server.reflection);
  PrintInteger(out, "max_connection_memory", config.server.max_connection_memory);
  out.Entry("engine", NameOf(config.server.engine));
  PrintSeconds(out, "max_watch_age", config.server.max_watch_age);
  PrintInteger(out, "max_watchers", config.server.max_watchers);
  PrintInteger(out, "max_watchers_per_caller", config.server.max_watchers_per_caller);
  PrintInteger(out, "max_watched_accounts", config.server.max_watched_accounts);
  PrintInteger(out, "max_watched_accounts_per_caller",
               config.server.max_watched_accounts_per_caller);
  out.EndMapping();
  out.Key("log");
  out.BeginMapping();
  out.Entry("format", config.log.format == LogFormat::kJson ? "JSON" : "TEXT");
  out.EndMapping();
  if (config.tls) PrintTls(out, *config.tls);
  if (!config.callers.empty()) PrintCallers(out, config.callers);
  if (config.fleet) PrintFleet(out, *config.fleet);
  out.Key("accounts");
  out.BeginSequence();
  for (const AccountConfig& account : config.accounts) PrintAccount(out, account);
  out.EndSequence();
  out.EndMapping();
  return "# The configuration in force. Secrets are masked: *** stands for each.\n" + out.Finish();
}

}  // namespace balance
