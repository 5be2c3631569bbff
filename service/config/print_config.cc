#include "service/config/print_config.h"

#include <yaml-cpp/yaml.h>

#include <array>
#include <string_view>
#include <variant>
#include <vector>

#include "service/config/duration_text.h"
#include "service/config/listen_address.h"
#include "service/config/number_text.h"

namespace balance {
namespace {

void PrintMask(YAML::Emitter& out, const char* key) {
  out << YAML::Key << key << YAML::Value << YAML::Flow << YAML::BeginMap << YAML::Key << "value"
      << YAML::Value << YAML::DoubleQuoted << "***" << YAML::EndMap;
}

void PrintText(YAML::Emitter& out, const char* key, const std::string& text) {
  out << YAML::Key << key << YAML::Value << text;
}

void PrintSeconds(YAML::Emitter& out, const char* key, Duration duration) {
  PrintText(out, key, PrintDuration(duration));
}

void PrintLogin(YAML::Emitter& out, const PolymarketUsLogin& login) {
  out << YAML::Key << "polymarket_us" << YAML::Value << YAML::BeginMap;
  PrintText(out, "base_url", login.base_url.ToString());
  PrintMask(out, "key_id");
  PrintMask(out, "secret_key");
  out << YAML::EndMap;
}

void PrintLogin(YAML::Emitter& out, const PolySimulatorLogin& login) {
  out << YAML::Key << "polysimulator" << YAML::Value << YAML::BeginMap;
  PrintText(out, "base_url", login.base_url.ToString());
  PrintMask(out, "api_key");
  out << YAML::EndMap;
}

void PrintCache(YAML::Emitter& out, const CacheSettings& cache) {
  out << YAML::Key << "cache" << YAML::Value << YAML::BeginMap;
  PrintSeconds(out, "ttl", cache.ttl);
  PrintSeconds(out, "stale_while_revalidate", cache.stale_while_revalidate);
  PrintSeconds(out, "max_stale", cache.max_stale);
  PrintSeconds(out, "min_refresh_interval", cache.min_refresh_interval);
  out << YAML::EndMap;
}

void PrintUpstream(YAML::Emitter& out, const UpstreamSettings& upstream) {
  out << YAML::Key << "upstream" << YAML::Value << YAML::BeginMap;
  PrintSeconds(out, "attempt_timeout", upstream.attempt_timeout);
  PrintSeconds(out, "refresh_budget", upstream.refresh_budget);
  PrintText(out, "requests_per_second", PrintNumber(upstream.rate.requests_per_second));
  out << YAML::Key << "burst" << YAML::Value << upstream.rate.burst;
  if (!upstream.tls_ca_file.empty()) PrintText(out, "tls_ca_file", upstream.tls_ca_file);
  out << YAML::EndMap;
}

const char* NameOf(FundClass fund_class) {
  switch (fund_class) {
    case FundClass::kRealMoney:
      return "REAL_MONEY";
    case FundClass::kSimulatedMoney:
      return "SIMULATED_MONEY";
  }
  return "";
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

void PrintSource(YAML::Emitter& out, const SourceConfig& source) {
  out << YAML::BeginMap;
  PrintText(out, "id", source.info.source);
  PrintText(out, "pool", source.info.pool);
  PrintText(out, "fund_class", NameOf(source.info.fund_class));
  std::visit([&](const auto& login) { PrintLogin(out, login); }, source.login);
  PrintCache(out, source.info.cache);
  PrintUpstream(out, source.upstream);
  out << YAML::EndMap;
}

void PrintAccount(YAML::Emitter& out, const AccountConfig& account) {
  out << YAML::BeginMap;
  PrintText(out, "id", account.id);
  out << YAML::Key << "sources" << YAML::Value << YAML::BeginSeq;
  for (const SourceConfig& source : account.sources) PrintSource(out, source);
  out << YAML::EndSeq << YAML::EndMap;
}

void PrintTls(YAML::Emitter& out, const TlsSettings& tls) {
  out << YAML::Key << "tls" << YAML::Value << YAML::BeginMap;
  PrintText(out, "certificate_file", tls.certificate_file);
  PrintText(out, "private_key_file", tls.private_key_file);
  if (!tls.client_ca_file.empty()) {
    PrintText(out, "client_ca_file", tls.client_ca_file);
    PrintText(out, "client_certificate", tls.require_client_certificate ? "REQUIRED" : "OPTIONAL");
  }
  out << YAML::EndMap;
}

template <typename Words>
void PrintWords(YAML::Emitter& out, const char* key, const Words& words) {
  out << YAML::Key << key << YAML::Value << YAML::Flow << YAML::BeginSeq;
  for (const auto& word : words) out << YAML::DoubleQuoted << std::string(word);
  out << YAML::EndSeq;
}

void PrintIdentity(YAML::Emitter& out, const SpiffeId& identity) {
  PrintText(out, "spiffe_id", identity.uri);
}

void PrintIdentity(YAML::Emitter& out, const DnsName& identity) {
  PrintText(out, "dns_name", identity.name);
}

void PrintIdentity(YAML::Emitter& out, const BearerTokens& identity) {
  PrintText(out, "token_file", identity.file);
}

void PrintCaller(YAML::Emitter& out, const CallerRule& caller) {
  out << YAML::BeginMap;
  PrintText(out, "id", caller.id);
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
  out << YAML::EndMap;
}

void PrintCallers(YAML::Emitter& out, const std::vector<CallerRule>& callers) {
  out << YAML::Key << "callers" << YAML::Value << YAML::BeginSeq;
  for (const CallerRule& caller : callers) PrintCaller(out, caller);
  out << YAML::EndSeq;
}

}  // namespace

std::string PrintConfig(const Config& config) {
  YAML::Emitter out;
  out << YAML::Comment("The configuration in force. Secrets are masked: *** stands for each.")
      << YAML::BeginMap;
  PrintText(out, "listen", config.listen);
  PrintText(out, "admin_listen", config.admin_listen);
  const auto listen = ParseListenAddress(config.listen);
  if (!config.tls && listen && !listen->IsLoopback()) {
    out << YAML::Key << "allow_insecure" << YAML::Value << true;
  }
  out << YAML::Key << "server" << YAML::Value << YAML::BeginMap;
  PrintSeconds(out, "drain_delay", config.server.drain_delay);
  PrintSeconds(out, "max_connection_age", config.server.max_connection_age);
  out << YAML::Key << "max_answer_size" << YAML::Value << config.server.max_answer_size;
  out << YAML::Key << "reflection" << YAML::Value << config.server.reflection;
  out << YAML::Key << "max_connection_memory" << YAML::Value << config.server.max_connection_memory;
  PrintText(out, "engine", NameOf(config.server.engine));
  PrintSeconds(out, "max_watch_age", config.server.max_watch_age);
  out << YAML::Key << "max_watchers" << YAML::Value << config.server.max_watchers;
  out << YAML::Key << "max_watchers_per_caller" << YAML::Value
      << config.server.max_watchers_per_caller;
  out << YAML::EndMap;
  if (config.tls) PrintTls(out, *config.tls);
  if (!config.callers.empty()) PrintCallers(out, config.callers);
  out << YAML::Key << "accounts" << YAML::Value << YAML::BeginSeq;
  for (const AccountConfig& account : config.accounts) PrintAccount(out, account);
  out << YAML::EndSeq << YAML::EndMap;
  return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace balance
