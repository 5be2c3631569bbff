#include "service/config/shared_credentials.h"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "service/config/source_login.h"

namespace balance {
namespace {

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
std::string GivenField(const std::string& path, const std::vector<std::string>& fields,
                       const ConfigDocument& document) {
  for (const std::string& field : fields) {
    if (std::string given = path + "." + field; document.IsGiven(given)) return given;
  }
  return path;
}

// A source and its place in the document.
struct Place {
  const SourceConfig* source;
  std::string path;
};

// Sources of one credential, with which the others are compared.
struct Credential {
  Place first;
  // The first source that states a pool; its `source` is null if none does.
  Place with_pool;
};

// Compares one source after the other with the first one of its credential or pool.
class SharingChecker {
 public:
  explicit SharingChecker(ConfigDocument& document) : document_(document) {}

  void CheckSecret(const Place& first, const Place& place) {
    if (LoginFingerprint(*first.source) == LoginFingerprint(*place.source)) return;
    // The credential has a name, for else it would be another one.
    const VenueFacts& venue = place.source->venue->facts();
    const LoginField& key_id = *std::find_if(venue.login.begin(), venue.login.end(), IsKeyId);
    const LoginField& secret = *std::find_if_not(venue.login.begin(), venue.login.end(), IsKeyId);
    const std::string key(key_id.key);
    document_.AddIssue(LoginPath(place) + "." + std::string(secret.key),
                       "differs from that of " + first.path + ", which has the same " + key,
                       "store the " + std::string(secret.words) + " that " +
                           std::string(venue.name) + " showed with this " + key + " in both");
  }

  void CheckRate(const Place& first, const Place& place) {
    if (first.source->info.rate == place.source->info.rate) return;
    for (const char* field : {".upstream.requests_per_second", ".upstream.burst"}) {
      if (document_.HasIssue(first.path + field) || document_.HasIssue(place.path + field)) return;
    }
    document_.AddIssue(
        GivenField(place.path, {"upstream.requests_per_second", "upstream.burst"}, document_),
        "has another rate than " + first.path + ", which uses the same credential",
        "give both the same requests_per_second and burst: the budget belongs to the credential");
  }

  // REQUIRES: both state a pool.
  void CheckPool(const Place& first, const Place& place) {
    if (first.source->info.pool == place.source->info.pool) return;
    if (document_.HasIssue(first.path + ".pool") || document_.HasIssue(place.path + ".pool")) {
      return;
    }
    document_.AddIssue(place.path + ".pool",
                       "is another one than that of " + first.path +
                           ", which uses the same credential, so its money would be counted twice",
                       "state the same pool in both, or in one of them only");
  }

  // REQUIRES: both have one pool and name their venues.
  void CheckPlace(const Place& first, const Place& place) {
    if (document_.HasIssue(place.path + ".fund_class")) return;
    if (first.source->info.fund_class != place.source->info.fund_class) {
      document_.AddIssue(GivenField(place.path, {"pool", "fund_class"}, document_),
                         "shares its pool with " + first.path + " of another fund class",
                         "use a pool of its own, or the same fund_class in both");
      return;
    }
    if (HaveSameUpstream(*first.source, *place.source) || HasBadUrl(first) || HasBadUrl(place)) {
      return;
    }
    const bool has_same_venue = first.source->venue == place.source->venue;
    const std::string venue_key(place.source->venue->facts().key);
    document_.AddIssue(GivenField(place.path, {"pool", venue_key + ".base_url"}, document_),
                       "shares its pool with " + first.path +
                           (has_same_venue ? ", which is read at another base_url"
                                           : ", which is read at another venue") +
                           ", so the total would jump between two balances",
                       ShareCredential(first, place)
                           ? "give both the same base_url: they use one credential"
                       : has_same_venue ? "use a pool of its own, or the same base_url in both"
                                        : "use a pool of its own");
  }

 private:
  static bool IsKeyId(const LoginField& field) { return field.is_key_id; }

  static std::string LoginPath(const Place& place) {
    return place.path + "." + std::string(place.source->venue->facts().key);
  }

  bool HasBadUrl(const Place& place) const {
    return document_.HasIssue(LoginPath(place) + ".base_url");
  }

  static bool ShareCredential(const Place& a, const Place& b) {
    return IsComplete(*a.source) && IsComplete(*b.source) &&
           CredentialFingerprint(*a.source) == CredentialFingerprint(*b.source);
  }

  ConfigDocument& document_;
};

}  // namespace

void ApplySharedCredentials(Config& config, ConfigDocument& document) {
  SharingChecker checker(document);
  std::map<Fingerprint, Credential> credentials;
  // Of each source that is complete, in their order.
  std::vector<std::map<Fingerprint, Credential>::iterator> entries;
  ForEachSource(config, [&](const SourceConfig& source, const std::string& path) {
    if (!IsComplete(source)) return;
    const Place place{&source, path};
    const auto [entry, is_new] =
        credentials.try_emplace(CredentialFingerprint(source), Credential{place, {nullptr, {}}});
    entries.push_back(entry);
    Credential& credential = entry->second;
    if (!is_new) {
      checker.CheckSecret(credential.first, place);
      checker.CheckRate(credential.first, place);
    }
    if (source.info.pool.empty()) return;
    if (credential.with_pool.source) {
      checker.CheckPool(credential.with_pool, place);
    } else {
      credential.with_pool = place;
    }
  });
  // The first of a credential's sources to state no pool may come before the one that does.
  auto next = entries.begin();
  ForEachSource(config, [&](SourceConfig& source, const std::string&) {
    if (!IsComplete(source)) return;
    const auto& [fingerprint, credential] = **next++;
    if (!source.info.pool.empty()) return;
    source.info.pool = credential.with_pool.source
                           ? credential.with_pool.source->info.pool
                           : DefaultPool(*credential.first.source, fingerprint);
  });
  std::unordered_map<std::string, Place> pools;
  ForEachSource(config, [&](const SourceConfig& source, const std::string& path) {
    if (source.info.pool.empty() || !source.venue) return;
    if (document.HasIssue(path + ".fund_class")) return;
    const Place place{&source, path};
    const auto [first, is_new] = pools.emplace(source.info.pool, place);
    if (!is_new) checker.CheckPlace(first->second, place);
  });
}

}  // namespace balance
