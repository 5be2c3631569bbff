#include <atomic>
#include <map>
#include <memory>
#include <vector>

#include "clients/core/mutex.h"
#include "proto/balance_v1_grpc.h"
#include "tests/bench/null_server.h"

namespace balance::bench {
namespace {

class CallbackWatch;

// The open streams. Thread-safe.
class CallbackWatches {
 public:
  void Add(std::shared_ptr<CallbackWatch> watch) {
    const MutexLock lock(mutex_);
    const CallbackWatch* const key = watch.get();
    watches_.emplace(key, std::move(watch));
  }
  void Remove(const CallbackWatch& watch) {
    std::shared_ptr<CallbackWatch> last;
    const MutexLock lock(mutex_);
    const auto found = watches_.find(&watch);
    if (found == watches_.end()) return;
    last = std::move(found->second);
    watches_.erase(found);
  }
  // gRPC may call back from within a write, so nothing is written under the lock.
  std::vector<std::shared_ptr<CallbackWatch>> All() const {
    const MutexLock lock(mutex_);
    std::vector<std::shared_ptr<CallbackWatch>> all;
    for (const auto& [key, watch] : watches_) all.push_back(watch);
    return all;
  }

 private:
  mutable Mutex mutex_;
  std::map<const CallbackWatch*, std::shared_ptr<CallbackWatch>> watches_
      BALANCE_GUARDED_BY(mutex_);
};

class CallbackWatch final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  CallbackWatch(const grpc::Slice& answer, CallbackWatches& watches)
      : answer_(BufferOf(answer)), watches_(watches) {
    Write();
  }

  void Write() {
    if (!is_writing_.exchange(true)) StartWrite(&answer_);
  }
  void OnWriteDone(bool ok) override {
    if (ok) is_writing_ = false;
  }
  // Nothing is written from here on.
  void OnCancel() override {
    is_writing_ = true;
    Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override { watches_.Remove(*this); }

 private:
  const grpc::ByteBuffer answer_;
  CallbackWatches& watches_;
  std::atomic<bool> is_writing_ = false;
};

class CallbackService final : public v1::BalanceService::WithRawCallbackMethod_GetAccountSnapshot<
                                  v1::BalanceService::WithRawCallbackMethod_WatchAccountSnapshots<
                                      v1::BalanceService::Service>> {
 public:
  explicit CallbackService(const std::string& answer) : answer_(answer) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* WatchAccountSnapshots(
      grpc::CallbackServerContext*, const grpc::ByteBuffer*) override {
    auto watch = std::make_shared<CallbackWatch>(answer_, watches_);
    CallbackWatch* const opened = watch.get();
    watches_.Add(std::move(watch));
    return opened;
  }

  void WriteToWatchers() {
    for (const auto& watch : watches_.All()) watch->Write();
  }

  grpc::ServerUnaryReactor* GetAccountSnapshot(grpc::CallbackServerContext* context,
                                               const grpc::ByteBuffer*,
                                               grpc::ByteBuffer* response) override {
    *response = BufferOf(answer_);
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  const grpc::Slice answer_;
  CallbackWatches watches_;
};

class CallbackServer final : public NullServer {
 public:
  CallbackServer(const std::string& listen, const std::string& answer) : service_(answer) {
    server_ = StartService(listen, service_, port_);
  }

  int port() const override { return port_; }
  void WriteToWatchers() override { service_.WriteToWatchers(); }

 private:
  int port_ = 0;
  CallbackService service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

std::unique_ptr<NullServer> StartCallback(const std::string& listen, const std::string& answer) {
  auto server = std::make_unique<CallbackServer>(listen, answer);
  return server->port() == 0 ? nullptr : std::move(server);
}

}  // namespace balance::bench
