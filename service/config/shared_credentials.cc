#include "service/config/shared_credentials.h"

#include <sodium.h>

#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace balance {
namespace {

// Tells equal credentials without comparing them in variable time or keeping a copy: a hash under a
// key that lives as long as this object.
class Fingerprints {
 public:
  Fingerprints() { crypto_generichash_keygen(key_.data()); }

  // Empty if the login is incomplete.
  std::string Of(const SourceConfig& source) const {
    if (const auto* login = std::get_if<PolymarketUsLogin>(&source.login)) {
      return login->key_id.empty() ? "" : "polymarket_us:" + Hash(login->key_id);
    }
    const auto& login = std::get<PolySimulatorLogin>(source.login);
    return login.api_key ? "polysimulator:" + Hash(login.api_key->Expose()) : "";
  }

 private:
  std::string Hash(std::string_view text) const {
    std::string hash(crypto_generichash_BYTES, '\0');
    crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                       reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                       key_.data(), key_.size());
    return hash;
  }

  std::array<unsigned char, crypto_generichash_KEYBYTES> key_;
};

// Who sees one of the sources may not see the first of them, so the pool is not its name.
std::string DefaultPool(const SourceInfo& first) {
  constexpr std::size_t kShownBytes = 8;
  const std::string name = "accounts/" + first.account + "/sources/" + first.source;
  std::array<unsigned char, crypto_generichash_BYTES> hash;
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(name.data()),
                     name.size(), nullptr, 0);
  std::array<char, 2 * kShownBytes + 1> hex;
  return std::string("pool-").append(
      sodium_bin2hex(hex.data(), hex.size(), hash.data(), kShownBytes));
}

std::string PathOf(std::size_t account, std::size_t source) {
  return "accounts[" + std::to_string(account) + "].sources[" + std::to_string(source) + "]";
}

template <typename Visitor>
void ForEachSource(Config& config, Visitor visit) {
  for (std::size_t i = 0; i < config.accounts.size(); ++i) {
    for (std::size_t j = 0; j < config.accounts[i].sources.size(); ++j) {
      visit(config.accounts[i].sources[j], PathOf(i, j));
    }
  }
}

// The first of `fields` that is written in the message at `path`, else the message itself.
std::string GivenField(const std::string& path, std::initializer_list<const char*> fields,
                       const ConfigDocument& document) {
  for (const char* field : fields) {
    if (std::string given = path + "." + field; document.IsGiven(given)) return given;
  }
  return path;
}

struct Credential {
  std::string pool;
  bool pool_is_stated = false;
  RateSettings rate;
  std::string first_path;
};

void CheckRate(const Credential& credential, const SourceConfig& source, const std::string& path,
               ConfigDocument& document) {
  if (source.info.rate == credential.rate) return;
  for (const char* field : {".upstream.requests_per_second", ".upstream.burst"}) {
    if (document.HasIssue(path + field) || document.HasIssue(credential.first_path + field)) return;
  }
  document.AddIssue(
      GivenField(path, {"upstream.requests_per_second", "upstream.burst"}, document),
      "has another rate than " + credential.first_path + ", which uses the same credential",
      "give both the same requests_per_second and burst: the budget belongs to the credential");
}

void CheckFundClasses(Config& config, ConfigDocument& document) {
  struct Pool {
    FundClass fund_class;
    std::string path;
  };
  std::unordered_map<std::string, Pool> pools;
  ForEachSource(config, [&](const SourceConfig& source, const std::string& path) {
    if (source.info.pool.empty() || document.HasIssue(path + ".fund_class")) return;
    const auto [first, is_new] =
        pools.emplace(source.info.pool, Pool{source.info.fund_class, path});
    if (is_new || first->second.fund_class == source.info.fund_class) return;
    document.AddIssue(GivenField(path, {"pool", "fund_class"}, document),
                      "shares its pool with " + first->second.path + " of another fund class",
                      "use a pool of its own, or the same fund_class in both");
  });
}

}  // namespace

void ApplySharedCredentials(Config& config, ConfigDocument& document) {
  const Fingerprints fingerprints;
  std::unordered_map<std::string, Credential> credentials;
  ForEachSource(config, [&](const SourceConfig& source, const std::string& path) {
    const std::string fingerprint = fingerprints.Of(source);
    if (fingerprint.empty()) return;
    const auto [entry, is_new] = credentials.try_emplace(fingerprint);
    Credential& credential = entry->second;
    if (is_new) {
      credential.pool = DefaultPool(source.info);
      credential.rate = source.info.rate;
      credential.first_path = path;
    }
    if (!credential.pool_is_stated && !source.info.pool.empty()) {
      credential.pool = source.info.pool;
      credential.pool_is_stated = true;
    }
    CheckRate(credential, source, path, document);
  });
  ForEachSource(config, [&](SourceConfig& source, const std::string&) {
    if (!source.info.pool.empty()) return;
    const auto credential = credentials.find(fingerprints.Of(source));
    if (credential != credentials.end()) source.info.pool = credential->second.pool;
  });
  CheckFundClasses(config, document);
}

}  // namespace balance
