#pragma once

// The whole service with TLS on its gRPC port, and files for it as Kubernetes mounts them: each a
// link through the directory link `..data`, which is swapped in one step.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "tests/integration/service/running_service.h"
#include "tests/integration/tls/tls_probe.h"
#include "tests/support/test_ca.h"

namespace balance {

// Polls until `condition` holds; false if it does not within `patience`.
bool Becomes(const std::function<bool()>& condition,
             std::chrono::seconds patience = std::chrono::seconds(15));

// A directory with tls.crt, tls.key and ca.crt.
class MountedFiles {
 public:
  // All three at once. An empty text: the file is not there.
  void Mount(const std::string& certificate, const std::string& key, const std::string& cas);
  std::string Path(const std::string& name) const { return directory_.Path(name); }

 private:
  const TemporaryDirectory directory_;
  int generation_ = 0;
};

class TlsServiceTest : public testing::Test {
 protected:
  TlsServiceTest();

  // One account, desk-1, at base_url_. Clients must show a certificate unless `tls`, more
  // lines of that block, says otherwise; `more` is added to the file.
  void Start(const std::string& tls = "", const std::string& more = "");
  // Replaces the file by one with `more`, and reloads as the service does; whether that succeeds.
  bool Reload(const std::string& more);

  void Mount(const TestCertificate& pair) {
    files_.Mount(pair.cert_pem, pair.key_pem, ca_.cert_pem());
  }

  // With a client's certificate of ca_.
  ProbeResult Handshake() const { return balance::Handshake(Address(), {ca_.cert_pem(), client_}); }
  bool Shows(const TestCertificate& pair) const {
    return Handshake().server_certificate == pair.cert_pem;
  }

  // A channel that shares no connection with others. Without a certificate of its own if that is
  // empty.
  std::shared_ptr<grpc::Channel> NewChannel(const TestCertificate& certificate) const;
  grpc::Status ListSources(grpc::Channel& channel, grpc::ClientContext& context) const;
  grpc::Status ListSources(grpc::Channel& channel) const;

  std::string Address() const { return server_->grpc_address(); }
  // Of a series as /metrics writes it, with its labels; -1 if there is none.
  double Metric(const std::string& series) const;
  // How many calls reached a handler.
  double CallsStarted() const;

  const TestCa ca_;
  const TestCertificate first_ =
      ca_.Issue({.dns_names = {"localhost"}, .ip_addresses = {"127.0.0.1"}});
  const TestCertificate client_ = ca_.Issue({.uris = {"spiffe://desk.example/bot"}});
  // Nobody listens there: the upstream of tests that do not ask for balances.
  std::string base_url_ = "http://127.0.0.1:1";
  std::string api_key_ = "k";
  MountedFiles files_;
  std::unique_ptr<BalanceServer> server_;

 private:
  std::string WriteConfig(const std::string& tls, const std::string& more) const;

  const CurlGlobal curl_;
  const TemporaryDirectory config_;
};

// Handshakes one after another, on a thread of its own, for as long as it lives.
class Handshakes {
 public:
  Handshakes(std::string address, Probe probe);
  ~Handshakes() { Stop(); }
  Handshakes(const Handshakes&) = delete;
  Handshakes& operator=(const Handshakes&) = delete;

  void Stop();

  int done() const { return done_; }
  int failed() const { return failed_; }
  // After Stop().
  const std::string& first_failure() const { return first_failure_; }

 private:
  void Run(const std::string& address, const Probe& probe);

  std::atomic<bool> stopped_ = false;
  std::atomic<int> done_ = 0;
  std::atomic<int> failed_ = 0;
  std::string first_failure_;
  std::thread thread_;
};

}  // namespace balance
