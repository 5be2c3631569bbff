#pragma once

// The whole service, built from a configuration file, between a sandbox of both upstreams and a
// real gRPC channel.

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "clients/http/curl_global.h"
#include "google/rpc/error_details.pb.h"
#include "proto/balance_v1_grpc.h"
#include "service/server/balance_server.h"
#include "service/server/reloader.h"
#include "tests/sandbox/sandbox.h"

namespace balance {

// A directory of its own for a test's files, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  // Writes a file that only its owner may read, and returns its path.
  std::string Write(const std::string& name, const std::string& content) const;
  std::string Path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

class RunningService {
 public:
  // `cache` and `upstream` are the YAML flow mappings of the file's settings. Money stands still.
  // The account desk-1 has the sources polymarket-us and polysimulator, desk-2 a polysimulator with
  // another key.
  explicit RunningService(const std::string& cache = "{ttl: 60s, min_refresh_interval: 0.001s}",
                          const std::string& upstream =
                              "{attempt_timeout: 1s, refresh_budget: 1s, "
                              "requests_per_second: 1000, burst: 1000}",
                          PushFeed::Options push = {});
  ~RunningService();

  sandbox::Sandbox& upstreams() { return *sandbox_; }
  BalanceServer& server() { return *server_; }
  v1::BalanceService::Stub& stub() { return *stub_; }

  // Loads the configuration file as it is now, for another start.
  Config LoadNow() const;
  std::string FilePath(const std::string& name) const { return files_.Path(name); }
  // Replaces a text that the configuration file holds; it takes effect with the next load.
  void Edit(const std::string& from, const std::string& to) const;
  // Takes over the files as they are now.
  BalanceServer::Reconfigured Reload();
  // The same as Reloader wants it.
  Reloader::Load Loader() const;
  // Replaces a secret file; it takes effect with the next load.
  void WriteSecret(const std::string& name, const std::string& content) const;

  grpc::Status Get(v1::AccountSnapshot& snapshot, const v1::GetAccountSnapshotRequest& request = {},
                   Duration timeout = std::chrono::seconds(5)) const;
  // With a max_age of zero.
  grpc::Status GetAnew(v1::AccountSnapshot& snapshot) const;
  // `id` is one of desk-1, or a full name. With a max_age and a max_stale of zero.
  grpc::Status GetSource(const std::string& id, v1::SourceBalance& source,
                         Duration timeout = std::chrono::seconds(5)) const;
  // As ListSources tells of it.
  v1::Source PathOf(const std::string& source) const;
  // The body of an admin page; `status` is its HTTP status.
  std::string AdminPage(const std::string& path, int& status) const;

 private:
  std::string YamlText(const std::string& cache, const std::string& upstream) const;

  CurlGlobal curl_;
  TemporaryDirectory files_;
  std::unique_ptr<sandbox::Sandbox> sandbox_;
  std::string config_path_;
  std::unique_ptr<BalanceServer> server_;
  std::unique_ptr<v1::BalanceService::Stub> stub_;
};

// Number of requests that the upstream has had so far.
int RequestsTo(RunningService& service, sandbox::Side side);

// The whole answer, status line and headers included, of host:port.
std::string HttpGet(const std::string& address, const std::string& path);

// ErrorInfo.reason of a failed call, empty if it has none.
std::string ReasonOf(const grpc::Status& status);
std::string ReasonOf(const v1::SourceFailure& failure);

// Index of the two sources in a snapshot.
inline constexpr int kPolymarketUs = 0;
inline constexpr int kPolySimulator = 1;

}  // namespace balance
