// M26: a name server that does not answer must hold up nobody but those who ask for that name.

#include <algorithm>
#include <chrono>

#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Far above what a loaded machine adds. A step of the loop that waited for the look-up would never
// end.
constexpr milliseconds kUnnoticeable(1000);

MatrixSetup HangingName() {
  MatrixSetup setup;
  setup.polymarket_url = "https://hanging.test:8443";
  setup.attempt_timeout = "0.3s";
  setup.refresh_budget = "0.5s";
  setup.environment = {"LD_PRELOAD=" HANGING_RESOLVER,
                       // AddressSanitizer wants to be loaded first, which does not matter here.
                       "ASAN_OPTIONS=verify_asan_link_order=0"};
  return setup;
}

TEST_F(MatrixTest, M26_AHangingNameServerLeavesTheOtherVenuesLatencyAlone) {
  Start(HangingName());
  // An answer without a rate limit.
  sandbox::Fault quick;
  quick.body = R"({"balance":"4321.0987","currency":"USD"})";
  Always(sandbox::Side::kPolysimulator, quick);
  v1::AccountSnapshot snapshot;
  v1::SourceBalance source;
  steady_clock::duration slowest{};

  // Until three refreshes were given up while their look-ups hang on: giving up is what could wait.
  const auto end = steady_clock::now() + std::chrono::seconds(10);
  while (Refreshes("POLYMARKET_US", "SOURCE_UNREACHABLE") < 3 && steady_clock::now() < end) {
    ASSERT_TRUE(GetAnew(snapshot, milliseconds(400)).ok());
    for (int i = 0; i < 10; ++i) {
      const auto begin = steady_clock::now();
      const auto status = ReadAnew(kPolysimId, source);
      ASSERT_TRUE(status.ok()) << status.error_message();
      slowest = std::max(slowest, steady_clock::now() - begin);
    }
    EXPECT_THAT(AdminPage("/healthz"), testing::HasSubstr("200 OK"));
  }

  EXPECT_LT(slowest, kUnnoticeable);
  EXPECT_GE(Refreshes("POLYMARKET_US", "SOURCE_UNREACHABLE"), 3);
  EXPECT_THAT(service().Log(), testing::HasSubstr("hanging_resolver: asked"));
  EXPECT_EQ(CashOf(snapshot.sources(kPolySimulator)), kPolysimCash);
  EXPECT_FALSE(snapshot.sources(kPolymarketUs).has_balance_set());
}

TEST_F(MatrixTest, M26_AHangingNameServerDoesNotHoldUpTheStop) {
  Start(HangingName());
  EXPECT_EQ(ReasonOf(ReadAnew(kPolymarketId)), "SOURCE_UNREACHABLE");
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(GetAnew(snapshot, milliseconds(400)).ok());
  stub_.reset();

  const auto begin = steady_clock::now();
  EXPECT_EQ(service().Stop(), "exit 0");

  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(2));
  service_.reset();
}

// The push socket of one venue waits for the look-up, as does that of another login there; that of
// the other venue does not, nor does the stop.
TEST_F(MatrixTest, M180_AHangingNameServerHoldsUpNeitherOtherPushSocketsNorTheStop) {
  MatrixSetup setup = HangingName();
  // The first line is that of desk-1's polysimulator.
  setup.more_accounts =
      "    push: {enabled: true}\n"
      "- id: desk-2\n"
      "  sources:\n"
      "  - id: polysimulator\n"
      "    push: {enabled: true}\n"
      "    polysimulator:\n"
      "      base_url: https://hanging.test:8443\n"
      "      api_key: {value: "
      "ps_live_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}\n"
      "- id: desk-3\n"
      "  sources:\n"
      "  - id: polymarket-us\n"
      "    push: {enabled: true}\n"
      "    fund_class: REAL_MONEY\n"
      "    polymarket_us:\n"
      "      base_url: https://hanging.test:8444\n"
      "      key_id: {value: 0a1b2c3d-1111-2222-3333-444455556666}\n"
      "      secret_key: {value: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=}\n";
  Start(setup);

  EXPECT_TRUE(Becomes([this] {
    const std::string log = service().Log();
    return log.find("hanging_resolver: asked") != std::string::npos &&
           log.find("accounts/desk-1/sources/polysimulator: push is up") != std::string::npos &&
           log.find("accounts/desk-3/sources/polymarket-us: push is down") != std::string::npos;
  })) << service().Log();

  const auto begin = steady_clock::now();
  EXPECT_EQ(service().Stop(), "exit 0");

  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(3));
  service_.reset();
}

}  // namespace
}  // namespace balance
