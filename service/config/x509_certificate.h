#pragma once

// X.509 certificates, as OpenSSL reads them.

#include <chrono>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

// As OpenSSL declares it.
struct x509_st;

namespace balance {

// Immutable, cheap to copy.
class X509Certificate {
 public:
  // All certificates of a PEM text, in its order; other blocks are skipped. Fails with a phrase
  // that fits behind the name of the file if there is none, or one that cannot be read.
  static tl::expected<std::vector<X509Certificate>, std::string> ParseAll(const std::string& pem);

  std::chrono::sys_seconds not_before() const { return not_before_; }
  std::chrono::sys_seconds not_after() const { return not_after_; }

  bool IsAuthority() const;
  // Unless what it says of its use forbids it.
  bool MayServe() const;
  // By name, by key identifiers and by signature.
  bool IsIssuedBy(const X509Certificate& issuer) const;

  std::string ToPem() const;

  // For OpenSSL, which takes no const; it is not altered.
  x509_st* handle() const { return handle_.get(); }

 private:
  X509Certificate(std::shared_ptr<x509_st> handle, std::chrono::sys_seconds not_before,
                  std::chrono::sys_seconds not_after)
      : handle_(std::move(handle)), not_before_(not_before), not_after_(not_after) {}

  std::shared_ptr<x509_st> handle_;
  std::chrono::sys_seconds not_before_;
  std::chrono::sys_seconds not_after_;
};

}  // namespace balance
