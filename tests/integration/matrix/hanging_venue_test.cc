// M71: a venue takes connections and answers none. What it can hold of our connections is bounded,
// and the other venue is read as before.

#include <thread>

#include "clients/core/connection_limits.h"
#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

using sandbox::Side;

class HangingVenueTest : public MatrixTest {
 protected:
  // More logins than there may be connections to one host.
  static constexpr int kLogins = 400;

  void StartWithManyLogins() {
    MatrixSetup setup;
    setup.attempt_timeout = "5s";
    setup.refresh_budget = "5s";
    ASSERT_NO_FATAL_FAILURE(StartUpstreams(setup));
    std::string accounts;
    for (int i = 0; i < kLogins; ++i) {
      const std::string number = std::to_string(i);
      files_.Write("key-" + number, "ps_live_" + std::string(64 - number.size(), '0') + number);
      accounts += "- id: crowd-" + number +
                  "\n  sources:\n  - id: polysimulator\n    polysimulator:\n      base_url: " +
                  LoopbackUrl("http", polysim().port()) +
                  "\n      api_key: {file: " + files_.Path("key-" + number) + "}\n";
    }
    setup.more_accounts = accounts;
    StartService(setup);
  }

  // A read of each account's money, all at once, for which nobody waits to its end.
  void ReadAll() {
    v1::ListAccountSnapshotsRequest request;
    request.set_page_size(500);
    request.mutable_policy()->mutable_max_age();
    v1::ListAccountSnapshotsResponse ignored;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(4));
    stub_->ListAccountSnapshots(&context, request, &ignored);
  }
};

TEST_F(HangingVenueTest, M71_ConnectionsToAHangingVenueAreBoundedAndTheOtherVenueIsRead) {
  const std::uint64_t most = ConnectionLimits().of_a_host();
  ASSERT_NO_FATAL_FAILURE(StartWithManyLogins());
  polysim().Set({.timeout = std::chrono::milliseconds(0)});
  std::thread crowd([this] { ReadAll(); });

  EXPECT_TRUE(Becomes([&] { return polysim().stats().open_connections >= most; }));
  v1::GetSourceBalanceRequest request;
  request.set_name("accounts/desk-1/sources/polymarket-us");
  request.mutable_policy()->mutable_max_age();
  v1::SourceBalance source;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(3));
  const auto status = stub_->GetSourceBalance(&context, request, &source);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(CashOf(source), kPolymarketCash);
  EXPECT_LE(polysim().stats().open_connections, most);

  crowd.join();
  EXPECT_LE(polysim().stats().open_connections, most);
}

}  // namespace
}  // namespace balance
