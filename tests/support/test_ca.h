#pragma once

// Certificate authorities and certificates of a test's own, made in memory.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

// As OpenSSL declares them.
struct evp_pkey_st;
struct x509_st;

namespace balance {

struct CertificateRequest {
  // Subject alternative names.
  std::vector<std::string> uris = {};
  std::vector<std::string> dns_names = {};
  std::vector<std::string> ip_addresses = {};
  // From now.
  std::chrono::seconds not_before = -std::chrono::hours(1);
  std::chrono::seconds not_after = std::chrono::days(30);
  // As OpenSSL writes it: "serverAuth", "clientAuth". Empty: for everything.
  std::string extended_key_usage = {};
  // 0: an elliptic curve key, which is fast to make.
  int rsa_bits = 0;
};

struct TestCertificate {
  // The certificate alone.
  std::string cert_pem;
  std::string key_pem;
};

// Two authorities have different keys even under one name. Every method throws std::runtime_error
// if OpenSSL fails.
class TestCa {
 public:
  // Signs itself.
  explicit TestCa(const std::string& name = "test ca", const CertificateRequest& request = {});

  const std::string& cert_pem() const { return cert_pem_; }

  TestCertificate Issue(const CertificateRequest& request) const;
  // An authority whose certificate this one signed.
  TestCa IssueCa(const std::string& name, const CertificateRequest& request = {}) const;

 private:
  // `issuer` null: itself.
  TestCa(const std::string& name, const CertificateRequest& request, const TestCa* issuer);

  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<x509_st> certificate_;
  std::string cert_pem_;
};

}  // namespace balance
