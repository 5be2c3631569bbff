#include "service/config/tls_material.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "clients/core/time_text.h"
#include "service/config/read_file.h"
#include "service/config/shown_file.h"
#include "service/config/x509_certificate.h"

namespace balance {
namespace {

using std::chrono::sys_seconds;
using Certificates = std::vector<X509Certificate>;

constexpr std::size_t kMostCertificateBytes = std::size_t{1024} * 1024;
// In one block of memory, which is wiped.
constexpr std::size_t kMostKeyBytes = std::size_t{32} * 1024;
constexpr const char* kCertificateField = "tls.certificate_file";
constexpr const char* kKeyField = "tls.private_key_file";
constexpr const char* kClientCaField = "tls.client_ca_file";

struct FreeTls {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeTls>;

std::string Numbered(std::size_t index) { return "certificate " + std::to_string(index + 1); }

bool IsInForce(const X509Certificate& certificate, sys_seconds now) {
  return certificate.not_before() <= now && now <= certificate.not_after();
}

// Collects what is wrong with one file, and keeps only the first.
class FileIssues {
 public:
  FileIssues(const char* field, const std::string& file, std::vector<TlsIssue>& issues)
      : field_(field), file_(ShownFile(file)), issues_(issues) {}

  void Add(const std::string& problem, const std::string& remedy) {
    if (any_) return;
    any_ = true;
    issues_.push_back({field_, problem, remedy});
  }
  const std::string& file() const { return file_; }

 private:
  const char* const field_;
  const std::string file_;
  std::vector<TlsIssue>& issues_;
  bool any_ = false;
};

Certificates ReadCertificates(const std::string& file, FileIssues& issues) {
  constexpr const char* kRemedy = "name a readable PEM file of certificates";
  const auto content = ReadFile(file, kMostCertificateBytes);
  if (!content) {
    issues.Add(issues.file() + " " + content.error(), kRemedy);
    return {};
  }
  auto certificates = X509Certificate::ParseAll(content->text);
  if (!certificates) {
    issues.Add(issues.file() + " " + certificates.error(), kRemedy);
    return {};
  }
  return std::move(*certificates);
}

void CheckValidity(const Certificates& chain, sys_seconds now, FileIssues& issues) {
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const std::string which = Numbered(i) + " in " + issues.file();
    if (now > chain[i].not_after()) {
      issues.Add(which + " ended at " + UtcText(chain[i].not_after()), "replace it by a new one");
    } else if (now < chain[i].not_before()) {
      issues.Add(which + " begins only at " + UtcText(chain[i].not_before()),
                 "wait until then, or set the clock of this machine right");
    }
  }
}

void CheckOrder(const Certificates& chain, FileIssues& issues) {
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
    if (chain[i].IsIssuedBy(chain[i + 1])) continue;
    issues.Add(Numbered(i + 1) + " in " + issues.file() + " did not issue " + Numbered(i),
               "begin with the server's own, then put behind each the one that issued it");
  }
}

// As handshakes will: with a key or digest in the chain that is too weak, each of them fails.
void CheckStrength(const Certificates& chain, FileIssues& issues) {
  ERR_clear_error();
  const std::unique_ptr<SSL_CTX, FreeTls> context(SSL_CTX_new(TLS_method()));
  for (std::size_t i = 0; i < chain.size(); ++i) {
    X509* const certificate = chain[i].handle();
    const bool is_taken = i == 0 ? SSL_CTX_use_certificate(context.get(), certificate) == 1
                                 : SSL_CTX_add1_chain_cert(context.get(), certificate) == 1;
    if (is_taken) continue;
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    issues.Add("OpenSSL refuses " + Numbered(i) + " in " + issues.file() + ": " +
                   (reason ? reason : "no reason given"),
               "use one with a stronger key and signature");
    break;
  }
  ERR_clear_error();
}

Certificates LoadChain(const std::string& file, sys_seconds now, FileIssues& issues) {
  Certificates chain = ReadCertificates(file, issues);
  if (chain.empty()) return chain;
  CheckValidity(chain, now, issues);
  CheckOrder(chain, issues);
  if (!chain.front().MayServe()) {
    issues.Add("the certificate in " + issues.file() + " is not for servers",
               "use one whose extended key usage allows server authentication");
  }
  CheckStrength(chain, issues);
  return chain;
}

Certificates LoadClientCas(const std::string& file, sys_seconds now, FileIssues& issues) {
  Certificates cas = ReadCertificates(file, issues);
  for (std::size_t i = 0; i < cas.size(); ++i) {
    if (cas[i].IsAuthority()) continue;
    issues.Add(Numbered(i) + " in " + issues.file() + " is no CA",
               "keep only those that issue certificates of clients");
  }
  if (std::none_of(cas.begin(), cas.end(),
                   [now](const X509Certificate& ca) { return IsInForce(ca, now); })) {
    issues.Add("no CA in " + issues.file() + " is in force", "add one that is");
  }
  return cas;
}

// Notes that OpenSSL wanted one, and has none to give.
int RefusePassPhrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

PrivateKey ParseKey(std::string_view pem, FileIssues& issues) {
  const std::unique_ptr<BIO, FreeTls> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  bool asked = false;
  PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, RefusePassPhrase, &asked));
  ERR_clear_error();
  if (!key && asked) {
    issues.Add(issues.file() + " needs a pass phrase", "store the key without one");
  } else if (!key) {
    issues.Add(issues.file() + " holds no private key in PEM", "name the PEM file of the key");
  }
  return key;
}

std::shared_ptr<const Secret> ReadKey(const std::string& file, FileIssues& issues) {
  auto content = ReadFile(file, kMostKeyBytes);
  if (!content) {
    issues.Add(issues.file() + " " + content.error(), "name the readable PEM file of the key");
    return nullptr;
  }
  auto secret = std::make_shared<const Secret>(content->text);
  Wipe(content->text);
  if ((content->mode & S_IRWXO) == 0) return secret;
  issues.Add(issues.file() + " is accessible to every user",
             "take that away, such as with chmod o-rwx");
  return nullptr;
}

std::shared_ptr<const Secret> LoadKey(const std::string& file, const Certificates& chain,
                                      const std::string& chain_file, FileIssues& issues) {
  auto secret = ReadKey(file, issues);
  if (!secret) return nullptr;
  const PrivateKey key = ParseKey(secret->Expose(), issues);
  if (key && !chain.empty() && X509_check_private_key(chain.front().handle(), key.get()) != 1) {
    ERR_clear_error();
    issues.Add("the key in " + issues.file() + " does not fit the first certificate in " +
                   ShownFile(chain_file),
               "name the key that the certificate was made with");
  }
  return secret;
}

std::string Joined(const Certificates& certificates) {
  std::string pem;
  for (const X509Certificate& certificate : certificates) pem += certificate.ToPem();
  return pem;
}

sys_seconds FirstEnd(const Certificates& chain) {
  return std::min_element(chain.begin(), chain.end(),
                          [](const X509Certificate& a, const X509Certificate& b) {
                            return a.not_after() < b.not_after();
                          })
      ->not_after();
}

}  // namespace

bool operator==(const TlsMaterial& a, const TlsMaterial& b) {
  return a.certificates == b.certificates && a.client_cas == b.client_cas &&
         *a.private_key == *b.private_key;
}

std::string ToString(const std::vector<TlsIssue>& issues) {
  std::string text;
  for (const TlsIssue& issue : issues) {
    text += (text.empty() ? "" : "; ") + issue.field + ": " + issue.problem + "; " + issue.remedy;
  }
  return text;
}

tl::expected<TlsMaterial, std::vector<TlsIssue>> LoadTlsMaterial(const TlsSettings& settings,
                                                                 WallTime now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  std::vector<TlsIssue> issues;
  FileIssues chain_issues(kCertificateField, settings.certificate_file, issues);
  const Certificates chain = LoadChain(settings.certificate_file, second, chain_issues);
  FileIssues key_issues(kKeyField, settings.private_key_file, issues);
  auto key = LoadKey(settings.private_key_file, chain, settings.certificate_file, key_issues);
  Certificates client_cas;
  if (!settings.client_ca_file.empty()) {
    FileIssues ca_issues(kClientCaField, settings.client_ca_file, issues);
    client_cas = LoadClientCas(settings.client_ca_file, second, ca_issues);
  }
  if (!issues.empty()) return tl::unexpected(std::move(issues));
  return TlsMaterial{Joined(chain), std::move(key), Joined(client_cas), FirstEnd(chain)};
}

}  // namespace balance
