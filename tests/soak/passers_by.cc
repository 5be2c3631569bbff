#include "tests/soak/passers_by.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdio>
#include <future>
#include <utility>

namespace balance {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr int kPassers = 4;
constexpr auto kPause = milliseconds(20);

}  // namespace

PassersBy::PassersBy(v1::BalanceService::Stub& stub, const std::vector<std::string>& accounts,
                     std::uint64_t seed, OnAnswer on_answer)
    : stub_(stub), accounts_(accounts), on_answer_(std::move(on_answer)) {
  for (int i = 0; i < kPassers; ++i) {
    threads_.emplace_back(
        [this, own_seed = seed + static_cast<std::uint64_t>(i)] { CallOnAndOn(own_seed); });
  }
}

void PassersBy::Stop() {
  stopped_ = true;
  threads_.clear();
}

bool PassersBy::Judge() const {
  std::printf("callers beside them: %ld answered, %ld left, %ld refused\n", answered_.load(),
              left_.load(), refused_.load());
  return answered_ > 0 && left_ > 0;
}

void PassersBy::CallOnAndOn(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  while (!stopped_) {
    switch (random() % 10) {
      case 0:
        Batch();
        break;
      case 1:
        ListSources();
        break;
      default:
        ListAndLeave(random);
        break;
    }
    std::this_thread::sleep_for(kPause);
  }
}

// Some for their deadline, and some by a cancellation at any time. A few would have all read anew.
void PassersBy::ListAndLeave(std::mt19937_64& random) {
  grpc::ClientContext context;
  v1::ListAccountSnapshotsRequest request;
  v1::ListAccountSnapshotsResponse response;
  if (random() % 50 == 0) request.mutable_policy()->mutable_max_age();
  const bool cancels = random() % 2 == 0;
  const auto patience = microseconds(random() % 10'000);
  if (!cancels) context.set_deadline(system_clock::now() + patience);
  std::promise<grpc::Status> ended;
  stub_.async()->ListAccountSnapshots(
      &context, &request, &response,
      [&ended](const grpc::Status& status) { ended.set_value(status); });
  if (cancels) {
    std::this_thread::sleep_for(patience);
    context.TryCancel();
  }
  if (!ended.get_future().get().ok()) {
    ++left_;
    return;
  }
  ++answered_;
  for (const auto& snapshot : response.snapshots()) on_answer_(snapshot, request.policy());
}

void PassersBy::Batch() {
  grpc::ClientContext context;
  context.set_deadline(system_clock::now() + milliseconds(500));
  v1::BatchGetAccountSnapshotsRequest request;
  for (const std::string& account : accounts_) request.add_names("accounts/" + account);
  v1::BatchGetAccountSnapshotsResponse response;
  if (!stub_.BatchGetAccountSnapshots(&context, request, &response).ok()) {
    ++refused_;
    return;
  }
  ++answered_;
  for (const auto& snapshot : response.snapshots()) on_answer_(snapshot, request.policy());
}

void PassersBy::ListSources() {
  grpc::ClientContext context;
  context.set_deadline(system_clock::now() + milliseconds(500));
  v1::ListSourcesResponse response;
  ++(stub_.ListSources(&context, {}, &response).ok() ? answered_ : refused_);
}

}  // namespace balance
