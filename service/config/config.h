#pragma once

// The effective configuration as plain values: read, checked, defaults filled in, secrets loaded.
// Made by LoadConfig() or ConfigFromEnvironment(), immutable afterwards.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/secret.h"
#include "clients/core/source_info.h"
#include "clients/redis/redis_settings.h"
#include "clients/venue/login.h"
#include "clients/venue/venue.h"
#include "service/access/caller_rule.h"
#include "service/config/config_issue.h"

namespace balance {

// Defaults of every setting but a venue's own; config.proto repeats them only in words, and a test
// compares.
struct ConfigDefaults {
  static constexpr const char* kListen = "127.0.0.1:50051";
  static constexpr const char* kAdminListen = "127.0.0.1:9464";
  static constexpr Duration kTtl = std::chrono::seconds(2);
  static constexpr Duration kStaleWhileRevalidate = std::chrono::seconds(5);
  static constexpr Duration kMaxStale = std::chrono::seconds(60);
  static constexpr Duration kMinRefreshInterval = std::chrono::milliseconds(500);
  static constexpr Duration kAttemptTimeout = std::chrono::seconds(3);
  static constexpr Duration kRefreshBudget = std::chrono::seconds(5);
  static constexpr double kRequestsPerSecond = kUsualRate.requests_per_second;
  static constexpr int kBurst = kUsualRate.burst;
  static constexpr Duration kDrainDelay = std::chrono::seconds(10);
  static constexpr Duration kMaxConnectionAge = std::chrono::seconds(300);
  // Longest answer that gRPC's clients take, in every language, unless they are told otherwise.
  static constexpr std::int32_t kMaxAnswerSize = 4 * 1024 * 1024;
  static constexpr std::int32_t kMaxConnectionMemory = 64 * 1024 * 1024;
  static constexpr Duration kMaxWatchAge = std::chrono::seconds(1800);
  static constexpr std::int32_t kMaxWatchers = 10'000;
  static constexpr std::int32_t kMaxWatchersPerCaller = 1000;
  static constexpr Duration kOperationTimeout = RedisSettings::kOperationTimeout;
  static constexpr double kReserve = 0.25;
  static constexpr std::int32_t kMaxWatchedAccounts = 200'000;
  static constexpr std::int32_t kMaxWatchedAccountsPerCaller = 100'000;
};

struct UpstreamSettings {
  // For one HTTP exchange.
  Duration attempt_timeout = ConfigDefaults::kAttemptTimeout;
  // For one refresh: all attempts, their pacing and back-off.
  Duration refresh_budget = ConfigDefaults::kRefreshBudget;
  RateSettings rate{ConfigDefaults::kRequestsPerSecond, ConfigDefaults::kBurst};
  // PEM file with CAs to trust beside the system's. Empty: none.
  std::string tls_ca_file;

  bool operator==(const UpstreamSettings&) const = default;
};

struct SourceConfig {
  // Complete, `pool` included: configured, or shared by all sources with the same credential.
  SourceInfo info;
  UpstreamSettings upstream;
  // Whose source this is. Null only while a configuration is being read that names none.
  const Venue* venue = nullptr;
  Login login;
};

struct AccountConfig {
  std::string id;
  // In configuration order.
  std::vector<SourceConfig> sources;
};

// The library that serves the gRPC port.
enum class ServerEngine : std::uint8_t {
  // The transport of this service, over nghttp2.
  kNghttp2,
  // Google's gRPC, with its limits and gaps: see SECURITY.md.
  kGrpc,
};

struct ServerSettings {
  ServerEngine engine = ServerEngine::kNghttp2;
  // Between the withdrawal of health and the stop of the RPC server.
  Duration drain_delay = ConfigDefaults::kDrainDelay;
  // Of a client's connection to the RPC server.
  Duration max_connection_age = ConfigDefaults::kMaxConnectionAge;
  // Bytes of the longest answer.
  std::int32_t max_answer_size = ConfigDefaults::kMaxAnswerSize;
  // Bytes of requests and answers in the buffers of all connections together.
  std::int32_t max_connection_memory = ConfigDefaults::kMaxConnectionMemory;
  bool reflection = true;
  // Of a stream of WatchAccountSnapshots.
  Duration max_watch_age = ConfigDefaults::kMaxWatchAge;
  // Streams of WatchAccountSnapshots at a time, in all and of one caller.
  std::int32_t max_watchers = ConfigDefaults::kMaxWatchers;
  std::int32_t max_watchers_per_caller = ConfigDefaults::kMaxWatchersPerCaller;
  // Accounts of all such streams together, each counted once for each of them.
  std::int32_t max_watched_accounts = ConfigDefaults::kMaxWatchedAccounts;
  std::int32_t max_watched_accounts_per_caller = ConfigDefaults::kMaxWatchedAccountsPerCaller;

  bool operator==(const ServerSettings&) const = default;
};

enum class LogFormat : std::uint8_t { kText, kJson };

struct LogSettings {
  LogFormat format = LogFormat::kText;

  bool operator==(const LogSettings&) const = default;
};

// Files of PEM.
struct TlsSettings {
  std::string certificate_file;
  std::string private_key_file;
  // Empty: clients show no certificate.
  std::string client_ca_file;
  // With client_ca_file: no connection without a certificate.
  bool require_client_certificate = true;

  bool operator==(const TlsSettings&) const = default;
};

// The replicas that share upstream logins through Redis.
struct FleetConfig {
  RedisSettings redis;
  // Of Seal::kKeyBytes bytes. Null only while a configuration is being read that has none.
  std::shared_ptr<const Secret> sealing_key;
  // The same, or null. Opens only, while `sealing_key` replaces it or is about to be replaced by
  // it.
  std::shared_ptr<const Secret> previous_sealing_key;
  // Most replicas that ever run at a time.
  std::int32_t max_replicas = 1;
  // Share of every rate that all replicas without Redis together may use.
  double reserve = ConfigDefaults::kReserve;
};

struct Config {
  // host:port; port 0 lets the system choose.
  std::string listen = ConfigDefaults::kListen;
  std::string admin_listen = ConfigDefaults::kAdminListen;
  ServerSettings server;
  LogSettings log;
  // nullopt: plaintext.
  std::optional<TlsSettings> tls;
  // Empty: everybody may see everything.
  std::vector<CallerRule> callers;
  // nullopt: this process reads the upstreams as if it were alone.
  std::optional<FleetConfig> fleet;
  std::vector<AccountConfig> accounts;
  // Warnings for a person, ordered by line; they keep nothing from being served.
  std::vector<ConfigIssue> warnings;
};

}  // namespace balance
