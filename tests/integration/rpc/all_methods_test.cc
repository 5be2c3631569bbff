// All methods at once while every reading is being replaced. What each call looks at must stay
// alive until the call is done with it; AddressSanitizer sees it where that is not so.

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/integration/rpc/service_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;

constexpr int kAccounts = 40;
constexpr int kRounds = 30;

class AllMethodsTest : public ServiceFixture {
 protected:
  AllMethodsTest() {
    // Readings age within a round, so that every call may refresh and snapshots change all the
    // time.
    const CacheSettings short_lived = {milliseconds(2), milliseconds(1), milliseconds(5),
                                       milliseconds(1)};
    for (int i = 0; i < kAccounts; ++i) AddAccount(Id(i), short_lived);
    Serve();
    for (int i = 0; i < kAccounts; ++i) Real(Id(i)).AnswerWith("1.00");
  }

  static std::string Id(int i) { return "desk-" + std::to_string(100 + i); }

  void ReadOne(int round) {
    v1::GetAccountSnapshotRequest request;
    request.set_name("accounts/" + Id(round % kAccounts));
    v1::AccountSnapshot snapshot;
    ASSERT_TRUE(Get(request, snapshot).ok());
    EXPECT_EQ(snapshot.name(), request.name());
    EXPECT_EQ(snapshot.sources_size(), 2);
  }

  void ReadSource(int round) {
    v1::GetSourceBalanceRequest request;
    request.set_name("accounts/" + Id(round % kAccounts) + "/sources/real");
    v1::SourceBalance source;
    ASSERT_TRUE(GetSource(request, source).ok());
    EXPECT_EQ(source.name(), request.name());
  }

  void ReadMany(int round) {
    v1::BatchGetAccountSnapshotsRequest request;
    for (int i = 0; i < 20; ++i) {
      request.add_names("accounts/" + Id((round + i) % kAccounts));
    }
    grpc::ClientContext context;
    v1::BatchGetAccountSnapshotsResponse response;
    ASSERT_TRUE(stub_->BatchGetAccountSnapshots(&context, request, &response).ok());
    ASSERT_EQ(response.snapshots_size(), request.names_size());
    for (int i = 0; i < request.names_size(); ++i) {
      EXPECT_EQ(response.snapshots(i).name(), request.names(i));
    }
  }

  // Without reading anything anew, or by reading everything anew.
  void List(int round) {
    v1::ListAccountSnapshotsRequest request;
    if (round % 2 == 0) request.mutable_policy()->mutable_max_age();
    grpc::ClientContext context;
    v1::ListAccountSnapshotsResponse response;
    ASSERT_TRUE(stub_->ListAccountSnapshots(&context, request, &response).ok());
    EXPECT_EQ(response.snapshots_size(), kAccounts);
  }

  void ListAllSources() {
    grpc::ClientContext context;
    v1::ListSourcesRequest request;
    request.set_page_size(2 * kAccounts);
    v1::ListSourcesResponse response;
    ASSERT_TRUE(stub_->ListSources(&context, request, &response).ok());
    ASSERT_EQ(response.sources_size(), 2 * kAccounts);
    for (int i = 0; i < kAccounts; ++i) {
      EXPECT_EQ(response.sources(2 * i).name(), "accounts/" + Id(i) + "/sources/real");
      EXPECT_EQ(response.sources(2 * i + 1).name(), "accounts/" + Id(i) + "/sources/paper");
    }
  }
};

TEST_F(AllMethodsTest, M120_AnswerWholeWhileReadingsAreReplaced) {
  std::vector<std::thread> callers;
  const auto repeat = [&callers](auto call) {
    callers.emplace_back([call] {
      for (int round = 0; round < kRounds; ++round) call(round);
    });
  };

  repeat([this](int round) { ReadOne(round); });
  repeat([this](int round) { ReadSource(round); });
  repeat([this](int round) { ReadMany(round); });
  repeat([this](int round) { List(round); });
  for (int i = 0; i < 2; ++i) repeat([this](int) { ListAllSources(); });
  for (std::thread& caller : callers) caller.join();

  EXPECT_EQ(rpc_observer_.started, 6 * kRounds);
  EXPECT_EQ(rpc_observer_.handled, rpc_observer_.started);
}

// Tells nothing of the way. Does something else the first time that it is asked.
class InterruptingProbe final : public PathProbe {
 public:
  void InterruptWith(std::function<void()> interruption) {
    interruption_ = std::move(interruption);
  }

  PathState Probe(Now) const override {
    if (const auto interruption = std::exchange(interruption_, nullptr)) interruption();
    return {};
  }

 private:
  mutable std::function<void()> interruption_;
};

class ReplacedSnapshotTest : public ServiceFixture {};

TEST_F(ReplacedSnapshotTest, M120_ListSourcesEndsWithTheOneThatItBeganWith) {
  const auto probe = std::make_shared<InterruptingProbe>();
  path_ = probe;
  AddAccount("desk-1");
  Serve();
  // While the first source is told of, a new snapshot takes the place of the one that is looked at.
  probe->InterruptWith([this] {
    shard_.RunAndWait([this] {
      AccountPublisher& account = *publishers_.front();
      const auto view = account.Get();
      account.OnAccountChange(view->statuses);
    });
  });

  grpc::ClientContext context;
  v1::ListSourcesResponse response;
  ASSERT_TRUE(stub_->ListSources(&context, {}, &response).ok());

  ASSERT_EQ(response.sources_size(), 2);
  EXPECT_EQ(response.sources(0).name(), "accounts/desk-1/sources/real");
  EXPECT_EQ(response.sources(1).name(), "accounts/desk-1/sources/paper");
}

}  // namespace
}  // namespace balance
