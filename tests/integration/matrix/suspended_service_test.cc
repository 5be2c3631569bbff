// M100: the machine is suspended and resumed. What was read before is as old as it is, not as old
// as the time in which the machine was awake.

#include <fstream>

#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class SuspendedServiceTest : public MatrixTest {
 protected:
  // A reading is FRESH for 60 s, and may be shown for 60 s more.
  void SetUp() override {
    files_.Write("suspended", std::string(sizeof(std::int64_t), '\0'));
    MatrixSetup setup;
    setup.cache = "{ttl: 60s, max_stale: 60s, min_refresh_interval: 0.001s}";
    setup.environment = {"LD_PRELOAD=" SUSPEND_MODULE,
                         // AddressSanitizer wants to be loaded first, which does not matter here.
                         "ASAN_OPTIONS=verify_asan_link_order=0",
                         "SUSPEND_FILE=" + files_.Path("suspended")};
    Start(setup);
    v1::AccountSnapshot snapshot;
    ASSERT_TRUE(GetAnew(snapshot).ok());
    ASSERT_TRUE(snapshot.completeness().complete());
    polymarket().Down();
    polysim().Down();
  }

  // Sets how long the machine was suspended in all since the service started.
  void SuspendFor(std::chrono::nanoseconds time) {
    const std::int64_t count = time.count();
    // In place: the service has mapped it.
    std::fstream file(files_.Path("suspended"), std::ios::binary | std::ios::in | std::ios::out);
    file.write(reinterpret_cast<const char*>(&count), sizeof count);
    ASSERT_TRUE(file.flush());
  }

  grpc::Status GetCached(v1::AccountSnapshot& snapshot) {
    v1::GetAccountSnapshotRequest request;
    request.mutable_policy()->set_only_if_cached(true);
    return Get(request, snapshot);
  }
};

TEST_F(SuspendedServiceTest, M100_WithinItsTimeAFigureFromBeforeTheSuspendIsFresh) {
  v1::AccountSnapshot snapshot;

  SuspendFor(seconds(20));

  ASSERT_TRUE(GetCached(snapshot).ok());
  EXPECT_TRUE(snapshot.completeness().complete());
}

TEST_F(SuspendedServiceTest, M100_PastItsTtlAFigureFromBeforeTheSuspendIsStale) {
  v1::AccountSnapshot snapshot;

  SuspendFor(seconds(80));

  ASSERT_TRUE(GetCached(snapshot).ok());
  EXPECT_EQ(snapshot.completeness().stale(), 2);
  EXPECT_FALSE(snapshot.completeness().complete());
}

TEST_F(SuspendedServiceTest, M100_AFigureFromBeforeALongSuspendIsNotShown) {
  v1::AccountSnapshot snapshot;

  SuspendFor(hours(8));

  EXPECT_EQ(ReasonOf(GetCached(snapshot)), "NOT_CACHED");
  EXPECT_EQ(ReasonOf(Get({}, snapshot)), "NO_SOURCE_AVAILABLE");
}

TEST_F(SuspendedServiceTest, M100_AfterASuspendTheVenuesAreReadAgain) {
  SuspendFor(hours(8));
  v1::AccountSnapshot snapshot;
  EXPECT_FALSE(GetAnew(snapshot).ok());
  SetPolysimCash("77.7");
  polysim().Up();

  EXPECT_TRUE(Heals(kPolysimId));

  ASSERT_TRUE(Get({}, snapshot).ok());
  EXPECT_EQ(CashOf(snapshot.sources(kPolySimulator)), "77.7");
  EXPECT_EQ(snapshot.sources(kPolySimulator).state(), v1::SourceBalance::FRESH);
}

}  // namespace
}  // namespace balance
