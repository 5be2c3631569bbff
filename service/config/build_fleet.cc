#include "service/config/build_fleet.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clients/core/ascii.h"
#include "clients/redis/seal.h"
#include "service/config/block_reader.h"
#include "service/config/fleet_settings.h"
#include "service/config/listen_address.h"
#include "service/config/placeholder.h"
#include "service/config/secret_loader.h"
#include "service/config/shown_file.h"
#include "service/config/x509_certificate.h"

namespace balance {
namespace {

constexpr Duration kLeastOperationTimeout = std::chrono::milliseconds(5);
constexpr Duration kLongestOperationTimeout = std::chrono::seconds(1);
constexpr std::int32_t kMostReplicas = 1000;
// Both those with Redis and those without can go on with what they have.
constexpr double kLeastReserve = 0.01;
constexpr double kMostReserve = 0.99;
constexpr std::size_t kLongestName = 200;
constexpr std::size_t kMostCaFileBytes = std::size_t{1024} * 1024;
constexpr const char* kFleet = "fleet";
constexpr const char* kRedis = "fleet.redis";
constexpr const char* kSentinel = "fleet.redis.sentinel";
constexpr const char* kTls = "fleet.redis.tls";
constexpr const char* kSealingKey = "fleet.sealing_key";
constexpr const char* kPreviousKey = "fleet.previous_sealing_key";

std::string Below(const char* block, const char* field) { return std::string(block) + "." + field; }

class FleetBuilder {
 public:
  FleetBuilder(ConfigDocument& document, const EnvLookup& env)
      : document_(document), message_(document.message().fleet()), secrets_(document, env) {}

  FleetConfig Build() {
    FleetConfig fleet;
    if (document_.IsAbsent(kRedis)) {
      document_.AddIssue(kRedis, "is missing", "add it with the address of Redis");
    } else if (document_.IsGiven(kRedis)) {
      fleet.redis = BuildRedis();
    }
    BuildKeys(fleet);
    BlockReader block(kFleet, kFleet, document_);
    Require("fleet.max_replicas",
            "write how many replicas run at most, those that an upgrade adds included");
    block.Read("max_replicas", message_.max_replicas(), 1, kMostReplicas, fleet.max_replicas);
    block.Read("reserve", message_.reserve(), kLeastReserve, kMostReserve, fleet.reserve);
    return fleet;
  }

 private:
  void Require(const std::string& path, const char* remedy) {
    if (document_.IsAbsent(path)) document_.AddIssue(path, "is missing", remedy);
  }

  RedisSettings BuildRedis() {
    const config::v1::Redis& given = message_.redis();
    RedisSettings redis;
    BuildPrimary(given, redis);
    redis.login = BuildLogin(given.username(), given.password(), kRedis);
    redis.tls = BuildTls(given.tls());
    BlockReader block(kRedis, kRedis, document_);
    block.Read("operation_timeout", given.operation_timeout(), kLeastOperationTimeout,
               kLongestOperationTimeout, redis.operation_timeout);
    RequireTls(redis);
    return redis;
  }

  // Not of the default that stands in for an alternative that could not be read.
  void BuildPrimary(const config::v1::Redis& given, RedisSettings& redis) {
    const std::string address = Below(kRedis, "address");
    if (document_.IsGiven(kSentinel)) {
      redis.sentinel = BuildSentinel(given.sentinel());
    } else if (document_.IsGiven(address)) {
      redis.address = ReadAddress(given.address(), address);
    } else if (document_.IsAbsent(kSentinel) && document_.IsAbsent(address)) {
      document_.AddIssue(kRedis, "does not say where the primary is",
                         "add one of: address, sentinel");
    }
  }

  SentinelSettings BuildSentinel(const config::v1::Sentinel& given) {
    SentinelSettings sentinel;
    const std::string addresses = Below(kSentinel, "addresses");
    if (given.addresses().empty() &&
        (document_.IsGiven(addresses) || document_.IsAbsent(addresses))) {
      document_.AddIssue(addresses, "has no entry", "list host:port of each Sentinel");
    }
    for (int i = 0; i < given.addresses_size(); ++i) {
      const std::string path = addresses + "[" + std::to_string(i) + "]";
      const HostPort address = ReadAddress(given.addresses(i), path);
      const bool is_known = std::find(sentinel.addresses.begin(), sentinel.addresses.end(),
                                      address) != sentinel.addresses.end();
      if (is_known && document_.IsGiven(path)) {
        document_.AddIssue(path, "is listed twice", "keep one of the two");
      }
      sentinel.addresses.push_back(address);
    }
    const std::string primary = Below(kSentinel, "primary");
    Require(primary, "write the name by which the Sentinels know the primary");
    sentinel.primary = ReadName(given.primary(), primary);
    sentinel.login = BuildLogin(given.username(), given.password(), kSentinel);
    return sentinel;
  }

  HostPort ReadAddress(const std::string& given, const std::string& path) {
    if (!document_.IsGiven(path)) return {};
    const auto address = ParseListenAddress(given);
    if (!address) {
      document_.AddIssue(
          path, "is not host:port",
          "write it such as redis.balance.svc:6379, an IPv6 address in brackets and no scheme");
      return {};
    }
    if (address->port == 0) {
      document_.AddIssue(path, "has port 0, on which nothing listens", "write the port of Redis");
    }
    return {address->host, address->port};
  }

  std::string ReadName(const std::string& given, const std::string& path) {
    if (!document_.IsGiven(path)) return {};
    if (given.size() > kLongestName || !IsAsciiWord(given)) {
      document_.AddIssue(path, "is not a name",
                         "write 1 to 200 printable ASCII characters without spaces");
    } else if (IsPlaceholder(given)) {
      document_.AddIssue(path, kPlaceholderProblem, "write the name itself");
    }
    return given;
  }

  // Of the block `block`.
  RedisLogin BuildLogin(const std::string& username, const config::v1::Secret& password,
                        const char* block) {
    RedisLogin login;
    const std::string username_path = Below(block, "username");
    const std::string password_path = Below(block, "password");
    login.username = ReadName(username, username_path);
    if (!document_.IsAbsent(password_path)) {
      if (const auto text =
              secrets_.Load(password, document_.IsGiven(password_path), password_path)) {
        login.password = std::make_shared<const Secret>(text->Expose());
      }
    } else if (document_.IsGiven(username_path)) {
      document_.AddIssue(username_path, "has no password beside it, so nobody would log in",
                         "add password, or leave username out");
    }
    return login;
  }

  StreamTls BuildTls(const config::v1::RedisTls& given) {
    if (!document_.IsGiven(kTls)) return {};
    const std::string path = Below(kTls, "ca_file");
    Require(path, "name the PEM file of the CAs that vouch for Redis");
    if (document_.IsGiven(path)) CheckCaFile(given.ca_file(), path);
    return {true, given.ca_file()};
  }

  // What is over or not yet in force is only a warning: replicas serve without Redis, so no start
  // may depend on how its certificates age.
  void CheckCaFile(const std::string& file, const std::string& path) {
    constexpr const char* kRemedy = "name a readable PEM file of CAs";
    if (file.empty()) return document_.AddIssue(path, "names no file", kRemedy);
    const auto content = document_.ReadNoted(file, kMostCaFileBytes);
    if (!content) {
      return document_.AddIssue(path, ShownFile(file) + " " + content.error(), kRemedy);
    }
    const auto cas = X509Certificate::ParseAll(content->text);
    if (!cas) return document_.AddIssue(path, ShownFile(file) + " " + cas.error(), kRemedy);
    const auto now = std::chrono::system_clock::now();
    const bool is_any_in_force =
        std::any_of(cas->begin(), cas->end(), [now](const X509Certificate& ca) {
          return ca.not_before() <= now && now <= ca.not_after();
        });
    if (is_any_in_force) return;
    document_.AddWarning(path, "no CA in " + ShownFile(file) + " is in force", "add one that is");
  }

  void RequireTls(const RedisSettings& redis) {
    if (!document_.IsAbsent(kTls) || document_.message().allow_insecure()) return;
    if (!document_.IsGiven("allow_insecure") && !document_.IsAbsent("allow_insecure")) return;
    const std::string place = redis.sentinel ? kSentinel : Below(kRedis, "address");
    if (!document_.IsGiven(place) || !IsPlaintextOffLoopback(redis)) return;
    document_.AddIssue(place,
                       redis.sentinel ? "may name a primary off loopback, to which the password "
                                        "would go as plaintext"
                                      : "is off loopback, where the password would go as plaintext",
                       "set fleet.redis.tls, or allow_insecure: true");
  }

  void BuildKeys(FleetConfig& fleet) {
    fleet.sealing_key = ReadKey(message_.sealing_key(), kSealingKey);
    if (document_.IsAbsent(kPreviousKey)) return;
    fleet.previous_sealing_key = ReadKey(message_.previous_sealing_key(), kPreviousKey);
    if (!fleet.sealing_key || !fleet.previous_sealing_key) return;
    if (!(*fleet.sealing_key == *fleet.previous_sealing_key)) return;
    document_.AddIssue(kPreviousKey, "is the key that sealing_key is",
                       "store the key that was in force before, or leave it out");
  }

  std::shared_ptr<const Secret> ReadKey(const config::v1::Secret& given, const char* path) {
    const auto text = secrets_.Load(given, document_.IsGiven(path), path);
    if (!text) return nullptr;
    std::array<unsigned char, Seal::kKeyBytes> bytes{};
    std::size_t size = 0;
    const std::string_view base64 = text->Expose();
    const bool is_key =
        sodium_base642bin(bytes.data(), bytes.size(), base64.data(), base64.size(), nullptr, &size,
                          nullptr, sodium_base64_VARIANT_ORIGINAL) == 0 &&
        size == bytes.size();
    std::shared_ptr<const Secret> key;
    if (is_key) {
      key = std::make_shared<const Secret>(
          std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    } else {
      document_.AddIssue(path, "is not the base64 of " + std::to_string(Seal::kKeyBytes) + " bytes",
                         "make a key with openssl rand -base64 " + std::to_string(Seal::kKeyBytes));
    }
    sodium_memzero(bytes.data(), bytes.size());
    return key;
  }

  ConfigDocument& document_;
  const config::v1::Fleet& message_;
  SecretLoader secrets_;
};

}  // namespace

std::optional<FleetConfig> BuildFleet(ConfigDocument& document, const EnvLookup& env) {
  if (!document.IsGiven(kFleet)) return std::nullopt;
  return FleetBuilder(document, env).Build();
}

}  // namespace balance
