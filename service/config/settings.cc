#include "service/config/settings.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "service/config/block_reader.h"
#include "service/config/duration_text.h"

namespace balance {
namespace {

constexpr Duration kAboveZero = BlockReader::kAboveZero;
constexpr Duration kZero = BlockReader::kZero;
constexpr Duration kLongest = std::chrono::hours(24 * 365);
constexpr Duration kLongestDrain = std::chrono::seconds(600);
constexpr Duration kLeastConnectionAge = std::chrono::seconds(30);
constexpr Duration kLongestConnectionAge = std::chrono::hours(24);
// Lowest limit of an answer: one about one account with a few sources fits in.
constexpr std::int32_t kLeastAnswerSize = 64 * 1024;
constexpr std::int32_t kMostAnswerSize = 32 * 1024 * 1024;
// Smaller than the requests and answers of a few connections makes no sense.
constexpr std::int32_t kLeastConnectionMemory = 16 * 1024 * 1024;
constexpr std::int32_t kMostConnectionMemory = 1024 * 1024 * 1024;
constexpr Duration kLeastWatchAge = std::chrono::seconds(1);
constexpr Duration kLongestWatchAge = std::chrono::hours(24);
constexpr std::int32_t kMostWatchers = 1'000'000;
constexpr std::int32_t kMostWatchedAccounts = 100'000'000;
constexpr std::size_t kMostCaBytes = std::size_t{4} * 1024 * 1024;

void ReadRate(const config::v1::Upstream& given, BlockReader& block, RateSettings& rate) {
  block.Read("requests_per_second", given.requests_per_second(), RateSettings::kLeastPerSecond,
             RateSettings::kMostPerSecond, rate.requests_per_second);
  block.Read("burst", given.burst(), 1, RateSettings::kMostBurst, rate.burst);
}

void ReadCa(const config::v1::Upstream& given, BlockReader& block, std::string& ca_file) {
  constexpr const char* kField = "tls_ca_file";
  if (!block.IsGiven(kField)) return;
  if (!given.tls_ca_file().empty()) {
    const auto content = block.ReadNoted(given.tls_ca_file(), kMostCaBytes);
    if (!content) {
      return block.Refuse(kField, "the file " + content.error(), "name a readable PEM file");
    }
    if (content->text.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
      return block.Refuse(kField, "the file holds no PEM certificate",
                          "name a file with -----BEGIN CERTIFICATE----- in it");
    }
  }
  ca_file = given.tls_ca_file();
}

ServerEngine EngineOf(config::v1::Server::Engine engine) {
  switch (engine) {
    case config::v1::Server::GRPC:
      return ServerEngine::kGrpc;
    case config::v1::Server::NGHTTP2:
    // The reader of the file refuses words that are not known.
    default:
      return ServerEngine::kNghttp2;
  }
}

}  // namespace

CacheSettings DefaultCache() {
  return {ConfigDefaults::kTtl, ConfigDefaults::kStaleWhileRevalidate, ConfigDefaults::kMaxStale,
          ConfigDefaults::kMinRefreshInterval};
}

CacheSettings ReadCache(const config::v1::Cache& given, const std::string& path,
                        const CacheSettings& base, ConfigDocument& document) {
  // Of most sources, of which there are many.
  if (document.IsAbsent(path)) return base;
  CacheSettings cache = base;
  BlockReader block("cache", path, document);
  block.Read("ttl", given.ttl(), kAboveZero, kLongest, cache.ttl);
  block.Read("stale_while_revalidate", given.stale_while_revalidate(), kZero, kLongest,
             cache.stale_while_revalidate);
  block.Read("max_stale", given.max_stale(), kZero, kLongest, cache.max_stale);
  block.Read("min_refresh_interval", given.min_refresh_interval(), kZero, kLongest,
             cache.min_refresh_interval);
  block.Order("stale_while_revalidate", cache.stale_while_revalidate, "max_stale", cache.max_stale);
  block.Order("min_refresh_interval", cache.min_refresh_interval, "ttl", cache.ttl);
  return cache;
}

UpstreamSettings ReadUpstream(const config::v1::Upstream& given, const std::string& path,
                              const UpstreamSettings& base, ConfigDocument& document) {
  if (document.IsAbsent(path)) return base;
  UpstreamSettings upstream = base;
  BlockReader block("upstream", path, document);
  block.Read("attempt_timeout", given.attempt_timeout(), kAboveZero, kLongest,
             upstream.attempt_timeout);
  block.Read("refresh_budget", given.refresh_budget(), kAboveZero, kLongest,
             upstream.refresh_budget);
  block.Order("attempt_timeout", upstream.attempt_timeout, "refresh_budget",
              upstream.refresh_budget);
  ReadRate(given, block, upstream.rate);
  ReadCa(given, block, upstream.tls_ca_file);
  return upstream;
}

PushSettings ReadPush(const config::v1::Push& given, const std::string& source, const Venue* venue,
                      Duration ttl, ConfigDocument& document) {
  PushSettings push{.enabled = given.enabled(), .poll_interval = ttl};
  const std::string path = source + ".push";
  if (document.IsAbsent(path)) return push;
  constexpr const char* kPollInterval = "poll_interval";
  BlockReader block("push", path, document);
  if (push.enabled && venue && !venue->facts().has_push) {
    block.Refuse("enabled", "is set, although " + std::string(venue->facts().name) + " has no push",
                 "leave push out");
  }
  block.Read(kPollInterval, given.poll_interval(), kAboveZero, kLongest, push.poll_interval);
  const bool is_ttl_doubtful =
      document.HasIssue("cache.ttl") || document.HasIssue(source + ".cache.ttl");
  if (push.poll_interval < ttl && !is_ttl_doubtful) {
    block.Refuse(kPollInterval,
                 "(" + PrintDuration(push.poll_interval) + ") is below the TTL of the source (" +
                     PrintDuration(ttl) + ")",
                 "leave it out, or make it at least the TTL");
  } else if (block.IsGiven(kPollInterval) && document.IsAbsent(block.PathOf("enabled"))) {
    document.AddWarning(block.PathOf(kPollInterval), "has no effect without enabled: true",
                        "add that, or leave push out");
  }
  push.poll_interval = std::max(push.poll_interval, ttl);
  return push;
}

LogSettings ReadLog(const config::v1::Log& given) {
  // The reader of the file refuses words that are not known.
  return {given.format() == config::v1::Log::JSON ? LogFormat::kJson : LogFormat::kText};
}

ServerSettings ReadServer(const config::v1::Config& given, ConfigDocument& document) {
  ServerSettings server;
  BlockReader block("server", "server", document);
  block.Read("drain_delay", given.server().drain_delay(), kZero, kLongestDrain, server.drain_delay);
  block.Read("max_connection_age", given.server().max_connection_age(), kLeastConnectionAge,
             kLongestConnectionAge, server.max_connection_age);
  block.Read("max_answer_size", given.server().max_answer_size(), kLeastAnswerSize, kMostAnswerSize,
             server.max_answer_size);
  block.Read("max_connection_memory", given.server().max_connection_memory(),
             kLeastConnectionMemory, kMostConnectionMemory, server.max_connection_memory);
  block.Read("max_watch_age", given.server().max_watch_age(), kLeastWatchAge, kLongestWatchAge,
             server.max_watch_age);
  block.Read("max_watchers", given.server().max_watchers(), 1, kMostWatchers, server.max_watchers);
  block.Read("max_watchers_per_caller", given.server().max_watchers_per_caller(), 1, kMostWatchers,
             server.max_watchers_per_caller);
  block.Read("max_watched_accounts", given.server().max_watched_accounts(), 1, kMostWatchedAccounts,
             server.max_watched_accounts);
  block.Read("max_watched_accounts_per_caller", given.server().max_watched_accounts_per_caller(), 1,
             kMostWatchedAccounts, server.max_watched_accounts_per_caller);
  server.engine = EngineOf(given.server().engine());
  // It does not ask who is calling.
  const bool is_open = given.callers().empty();
  server.reflection = given.server().has_reflection() ? given.server().reflection() : is_open;
  if (given.server().has_channelz()) {
    document.AddWarning("server.channelz", "has no effect any more",
                        "remove it; /statusz of the admin port shows who is connected");
  }
  return server;
}

}  // namespace balance
