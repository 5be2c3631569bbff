#include "service/config/build_access.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

#include "service/config/listen_address.h"
#include "service/config/nearest_key.h"
#include "service/config/read_file.h"
#include "service/config/resource_id.h"
#include "service/config/tls_material.h"
#include "service/config/token_file.h"

namespace balance {
namespace {

using CallerMessage = config::v1::Caller;

constexpr std::size_t kMostTokenFileBytes = std::size_t{64} * 1024;
constexpr const char* kAll = "*";
constexpr const char* kUntilRestart = " until a restart";
constexpr const char* kRestartRemedy = "restart with these settings";
constexpr const char* kIdentityRemedy = "add one of: spiffe_id, dns_name, token_file";

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// Whether `valid` holds for each part of `text` between separators.
template <typename Valid>
bool EachPart(std::string_view text, char separator, Valid valid) {
  while (true) {
    const auto end = std::min(text.find(separator), text.size());
    if (!valid(text.substr(0, end))) return false;
    if (end == text.size()) return true;
    text.remove_prefix(end + 1);
  }
}

bool IsDnsLabel(std::string_view label) {
  return !label.empty() && label.size() <= 63 && !label.starts_with('-') && !label.ends_with('-') &&
         label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

bool IsDnsName(std::string_view name) {
  return name.size() <= 253 && EachPart(name, '.', IsDnsLabel);
}

bool IsSpiffeSegment(std::string_view segment) {
  return !segment.empty() && segment != "." && segment != ".." &&
         segment.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
             "0123456789-._") == std::string_view::npos;
}

// spiffe://trust.domain/path by the rules of the SPIFFE-ID standard: what breaks them is in no
// certificate that an issuer of such ids makes, nor is an id without a path, which is that of the
// trust domain itself.
bool IsSpiffeId(std::string_view id) {
  constexpr std::string_view kScheme = "spiffe://";
  constexpr std::size_t kLongestId = 2048;
  constexpr std::size_t kLongestDomain = 255;
  if (!id.starts_with(kScheme) || id.size() > kLongestId) return false;
  id.remove_prefix(kScheme.size());
  const auto slash = id.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view domain = id.substr(0, slash);
  return !domain.empty() && domain.size() <= kLongestDomain &&
         domain.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._") ==
             std::string_view::npos &&
         EachPart(id.substr(slash + 1), '/', IsSpiffeSegment);
}

bool IsOffLoopback(const std::string& listen) {
  const auto address = ParseListenAddress(listen);
  return address && !address->IsLoopback();
}

class CallerBuilder {
 public:
  CallerBuilder(const Config& config, ConfigDocument& document, const InForce* in_force)
      : config_(config), document_(document), in_force_(in_force) {
    for (const AccountConfig& account : config.accounts) account_ids_.push_back(account.id);
  }

  CallerRule Build(const CallerMessage& message, const std::string& path) {
    CallerRule rule;
    rule.id = message.id();
    if (CheckResourceId(message.id(), path + ".id", document_)) {
      RefuseTwice(ids_, message.id(), path + ".id");
    }
    BuildIdentity(message, path, rule);
    BuildAccounts(message, path + ".accounts", rule);
    BuildMethods(message, path + ".methods", rule);
    return rule;
  }

 private:
  void RefuseTwice(std::map<std::string, int>& first_lines, const std::string& word,
                   const std::string& path) {
    const auto [first, is_new] = first_lines.emplace(word, document_.LineOf(path));
    if (is_new) return;
    document_.AddIssue(path, "is used twice, first on line " + std::to_string(first->second),
                       "keep one caller for it");
  }

  void BuildIdentity(const CallerMessage& message, const std::string& path, CallerRule& rule) {
    switch (message.identity_case()) {
      case CallerMessage::kSpiffeId:
        return BuildSpiffeId(message.spiffe_id(), path + ".spiffe_id", rule);
      case CallerMessage::kDnsName:
        return BuildDnsName(message.dns_name(), path + ".dns_name", rule);
      case CallerMessage::kTokenFile:
        return BuildTokens(message.token_file(), path + ".token_file", rule);
      case CallerMessage::IDENTITY_NOT_SET:
        if (document_.IsIncomplete(path) || document_.HasIssue(path)) return;
        document_.AddIssue(path, "does not say how the caller is known", kIdentityRemedy);
    }
  }

  void RequireClientCa(const std::string& path) {
    if (document_.HasIssue("tls") || document_.IsIncomplete("tls")) return;
    const std::string problem = "needs the certificates of clients, which nobody asks for";
    if (!document_.IsGiven("tls.client_ca_file") && !document_.HasIssue("tls.client_ca_file")) {
      document_.AddIssue(path, problem, "set tls.client_ca_file, or use token_file");
    } else if (in_force_ && (!in_force_->tls || in_force_->tls->client_ca_file.empty())) {
      document_.AddIssue(path, problem + kUntilRestart, kRestartRemedy);
    }
  }

  void RefusePlaintextTokens(const std::string& path) {
    const std::string problem = "would send tokens in plaintext over a network";
    if (!config_.tls && !document_.HasIssue("tls") && IsOffLoopback(config_.listen)) {
      document_.AddIssue(path, problem, "set tls");
    } else if (in_force_ && !in_force_->tls && IsOffLoopback(in_force_->listen)) {
      document_.AddIssue(path, problem + kUntilRestart, kRestartRemedy);
    }
  }

  void BuildSpiffeId(const std::string& id, const std::string& path, CallerRule& rule) {
    rule.identity = SpiffeId{id};
    if (!IsSpiffeId(id)) {
      document_.AddIssue(path, "is no SPIFFE id of a caller, so no certificate could ever match it",
                         "write it whole, as spiffe://trust.domain/path: segments of letters, "
                         "digits and -._ without wildcards, none empty, no slash at the end");
      return;
    }
    RequireClientCa(path);
    RefuseTwice(identities_, id, path);
  }

  void BuildDnsName(const std::string& name, const std::string& path, CallerRule& rule) {
    rule.identity = DnsName{name};
    if (!IsDnsName(name)) {
      document_.AddIssue(path, "is no DNS name",
                         "write the whole name in lower case, without wildcards");
      return;
    }
    RequireClientCa(path);
    RefuseTwice(identities_, name, path);
  }

  void BuildTokens(const std::string& file, const std::string& path, CallerRule& rule) {
    rule.identity = BearerTokens{file, {}};
    RefusePlaintextTokens(path);
    const auto content = document_.ReadNoted(file, kMostTokenFileBytes);
    if (!content) {
      document_.AddIssue(path, "the file " + content.error(), "name a readable file of hashes");
      return;
    }
    if (content->IsWritableByOthers()) {
      document_.AddIssue(path, "the file can be written by others, who could let anybody in",
                         "take that away, such as with chmod go-w");
      return;
    }
    auto tokens = ParseTokenFile(content->text);
    if (!tokens) {
      const TokenFileIssue& issue = tokens.error();
      document_.AddIssue(path,
                         (issue.line != 0 ? "line " + std::to_string(issue.line) + " of " : "") +
                             std::string("the file ") + issue.problem,
                         issue.remedy);
      return;
    }
    for (const TokenHash& token : *tokens) {
      const std::string hash(token.sha256.begin(), token.sha256.end());
      RefuseTwice(identities_, hash, path);
    }
    rule.identity = BearerTokens{file, std::move(*tokens)};
  }

  void BuildAccounts(const CallerMessage& message, const std::string& path, CallerRule& rule) {
    if (message.accounts().empty()) {
      if (document_.IsGiven(path) || document_.IsAbsent(path)) {
        document_.AddIssue(path, "has no entry", "list ids of accounts, or write [\"*\"] for all");
      }
      return;
    }
    for (int i = 0; i < message.accounts_size(); ++i) {
      const std::string& account = message.accounts(i);
      const std::string entry = path + "[" + std::to_string(i) + "]";
      if (account == kAll && message.accounts_size() == 1) {
        rule.all_accounts = true;
      } else if (account == kAll) {
        document_.AddIssue(entry, "means all accounts, but others are listed beside it",
                           "keep either");
      } else if (std::find(account_ids_.begin(), account_ids_.end(), account) ==
                 account_ids_.end()) {
        const auto nearest = NearestKey(account, account_ids_);
        document_.AddIssue(entry, "is not a configured account",
                           nearest ? "did you mean " + *nearest + "?" : "use the id of an account");
      } else {
        rule.accounts.insert(account);
      }
    }
  }

  void BuildMethods(const CallerMessage& message, const std::string& path, CallerRule& rule) {
    if (message.methods().empty()) {
      if (document_.IsGiven(path)) {
        document_.AddIssue(path, "has no entry", "leave it out to allow all methods");
      }
      rule.methods.set();
      return;
    }
    const std::vector<std::string> names(kRpcMethodNames.begin(), kRpcMethodNames.end());
    for (int i = 0; i < message.methods_size(); ++i) {
      if (const auto method = RpcMethodOf(message.methods(i))) {
        rule.methods.set(static_cast<std::size_t>(*method));
        continue;
      }
      document_.AddIssue(path + "[" + std::to_string(i) + "]", "is no method of BalanceService",
                         "use: " + Joined(names));
    }
  }

  const Config& config_;
  ConfigDocument& document_;
  // Null at the start.
  const InForce* const in_force_;
  std::vector<std::string> account_ids_;
  std::map<std::string, int> ids_;
  std::map<std::string, int> identities_;
};

void RequireFile(const std::string& name, const std::string& path, const char* remedy,
                 ConfigDocument& document) {
  if (!name.empty()) return;
  if (document.IsGiven(path) || document.IsAbsent(path)) {
    document.AddIssue(path, "names no file", remedy);
  }
}

void NoteFiles(const TlsSettings& tls, ConfigDocument& document) {
  for (const std::string& file : {tls.certificate_file, tls.private_key_file, tls.client_ca_file}) {
    if (!file.empty()) document.NoteFile(file);
  }
}

// That they can be named is known before what is in them.
void CheckTlsFiles(const TlsSettings& tls, ConfigDocument& document) {
  for (const char* field : {"certificate_file", "private_key_file", "client_ca_file"}) {
    const std::string path = std::string("tls.") + field;
    if (document.HasIssue(path)) return;
  }
  const bool named = !tls.certificate_file.empty() && !tls.private_key_file.empty();
  if (!named || document.HasIssue("tls.client_certificate")) return;
  const auto material = LoadTlsMaterial(tls, std::chrono::system_clock::now());
  if (material) return;
  for (const TlsIssue& issue : material.error()) {
    document.AddIssue(issue.field, issue.problem, issue.remedy);
  }
}

}  // namespace

std::optional<TlsSettings> BuildTls(ConfigDocument& document, const InForce* in_force) {
  if (!document.IsGiven("tls")) return std::nullopt;
  const config::v1::Tls& message = document.message().tls();
  RequireFile(message.certificate_file(), "tls.certificate_file",
              "name the PEM file of the server's certificate", document);
  RequireFile(message.private_key_file(), "tls.private_key_file",
              "name the PEM file of the certificate's key", document);
  if (document.IsGiven("tls.client_ca_file")) {
    RequireFile(message.client_ca_file(), "tls.client_ca_file",
                "name the PEM file of the clients' CAs, or leave it out", document);
  } else if (document.IsGiven("tls.client_certificate") &&
             document.IsAbsent("tls.client_ca_file")) {
    document.AddIssue("tls.client_certificate", "needs tls.client_ca_file",
                      "name the PEM file of the clients' CAs there");
  }
  TlsSettings tls;
  tls.certificate_file = message.certificate_file();
  tls.private_key_file = message.private_key_file();
  tls.client_ca_file = message.client_ca_file();
  tls.require_client_certificate = message.client_certificate() != config::v1::OPTIONAL;
  // Who serves with those in force looks after them: what is wrong with them now must not keep the
  // rest of the configuration waiting.
  if (in_force && in_force->tls == tls) return tls;
  if (in_force) NoteFiles(tls, document);
  CheckTlsFiles(tls, document);
  return tls;
}

std::vector<CallerRule> BuildCallers(const Config& config, ConfigDocument& document,
                                     const InForce* in_force) {
  const config::v1::Config& message = document.message();
  CallerBuilder builder(config, document, in_force);
  std::vector<CallerRule> callers;
  if (message.callers().empty() && document.IsGiven("callers")) {
    document.AddIssue("callers", "has no entry, which would let everybody in",
                      "add a caller, or leave it out to let everybody in");
  }
  // More likely a file that was cut than a wish.
  if (in_force != nullptr && in_force->has_callers && document.IsAbsent("callers")) {
    document.AddIssue("callers", "is missing, which would let everybody in",
                      "put the callers back, or restart to let everybody in");
  }
  for (int i = 0; i < message.callers_size(); ++i) {
    const std::string path = "callers[" + std::to_string(i) + "]";
    if (document.HasIssue(path)) continue;
    callers.push_back(builder.Build(message.callers(i), path));
  }
  return callers;
}

}  // namespace balance
