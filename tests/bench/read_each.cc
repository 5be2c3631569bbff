// A caller who reads each of many accounts once, with so many calls under way at a time: what a
// service does for accounts of which nothing is known yet.

#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "proto/balance_v1_grpc.h"

namespace balance::bench {
namespace {

// Calls of the accounts desk-0 to desk-N, each followed by the next one.
class Reader {
 public:
  Reader(const std::string& server, std::size_t accounts)
      : accounts_(accounts),
        stub_(v1::BalanceService::NewStub(
            grpc::CreateChannel(server, grpc::InsecureChannelCredentials()))) {}

  // Returns the number of answers that were not OK, or without both sources FRESH.
  std::size_t ReadAll(std::size_t at_once) {
    open_ = at_once;
    for (std::size_t i = 0; i < at_once; ++i) ReadNext();
    done_.get_future().wait();
    return failures_;
  }

 private:
  struct Call {
    grpc::ClientContext context;
    v1::GetAccountSnapshotRequest request;
    v1::AccountSnapshot answer;
  };

  void ReadNext() {
    const std::size_t number = next_++;
    if (number >= accounts_) {
      if (--open_ == 0) done_.set_value();
      return;
    }
    auto call = std::make_shared<Call>();
    call->request.set_name("accounts/desk-" + std::to_string(number));
    stub_->async()->GetAccountSnapshot(
        &call->context, &call->request, &call->answer, [this, call](const grpc::Status& status) {
          if (!status.ok() || call->answer.completeness().fresh() != call->answer.sources_size()) {
            ++failures_;
          }
          ReadNext();
        });
  }

  const std::size_t accounts_;
  const std::unique_ptr<v1::BalanceService::Stub> stub_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::size_t> open_ = 0;
  std::atomic<std::size_t> failures_ = 0;
  std::promise<void> done_;
};

int Main(int argc, char** argv) {
  std::string server;
  std::size_t accounts = 10000;
  std::size_t at_once = 64;
  CLI::App app("Reads each account once, and prints how many seconds that took");
  app.add_option("--server", server)->required();
  app.add_option("--accounts", accounts)->capture_default_str();
  app.add_option("--at-once", at_once, "Calls under way at a time")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const auto begin = std::chrono::steady_clock::now();
  const std::size_t failures = Reader(server, accounts).ReadAll(at_once);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%.3f\n", took.count());
  if (failures > 0) std::fprintf(stderr, "%zu answers were not complete and FRESH\n", failures);
  return failures > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace
}  // namespace balance::bench

int main(int argc, char** argv) { return balance::bench::Main(argc, argv); }
