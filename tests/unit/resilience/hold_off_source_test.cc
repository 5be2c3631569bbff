#include "clients/resilience/hold_off_source.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/fetching.h"

namespace balance {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class HoldOffSourceTest : public FetchingTest {
 protected:
  static std::shared_ptr<HoldOff> Credential() {
    return std::make_shared<HoldOff>(HoldOffTimes::kCredential, HoldOffTimes::kCredentialLongest);
  }

  void FetchAndFail(ErrorKind kind) {
    Fetch(source_);
    ASSERT_TRUE(upstream_.IsWaiting());
    upstream_.FailWith(kind);
    Run();
  }

  // For how long nothing is sent from now on.
  Duration HeldFor() {
    const SendOutlook outlook = source_.Outlook();
    return outlook.earliest <= clock_.SteadyNow() ? Duration()
                                                  : outlook.earliest - clock_.SteadyNow();
  }

  std::shared_ptr<HoldOff> credential_ = Credential();
  std::shared_ptr<HoldOff> account_ = MakeAccountHoldOff();
  HoldOffSource source_{upstream_.MakeSource(), credential_, clock_, account_};
};

TEST_F(HoldOffSourceTest, ARejectedCredentialIsLeftAloneLongerEachTime) {
  std::vector<Duration> held;
  for (int i = 0; i < 6; ++i) {
    FetchAndFail(i % 2 == 0 ? ErrorKind::kCredentialsRejected : ErrorKind::kForbidden);
    held.push_back(HeldFor());
    Fetch(source_);
    EXPECT_TRUE(result_);
    clock_.Advance(held.back());
  }

  EXPECT_EQ(held, (std::vector<Duration>{seconds(60), seconds(120), seconds(240), seconds(480),
                                         minutes(15), minutes(15)}));
  EXPECT_EQ(upstream_.requests(), 6);
}

TEST_F(HoldOffSourceTest, ARefusalTellsTheRejectionAndWhenItEnds) {
  FetchAndFail(ErrorKind::kCredentialsRejected);
  clock_.Advance(seconds(10));
  Fetch(source_);

  EXPECT_EQ(result_->error().kind, ErrorKind::kCredentialsRejected);
  EXPECT_EQ(result_->error().retry_after, seconds(50));
  EXPECT_FALSE(progress_.sent_at);
  EXPECT_TRUE(credential_->HeldUntil({clock_.WallNow(), clock_.SteadyNow()}));
}

TEST_F(HoldOffSourceTest, ItHoldsOffEverySourceOfTheCredentialAndNoOther) {
  HoldOffSource same(upstream_.MakeSource(), credential_, clock_);
  HoldOffSource other(upstream_.MakeSource(), Credential(), clock_);
  FetchAndFail(ErrorKind::kForbidden);

  EXPECT_TRUE(same.Outlook().because);
  EXPECT_FALSE(other.Outlook().because);
}

TEST_F(HoldOffSourceTest, AGoodAnswerEndsTheGrowth) {
  FetchAndFail(ErrorKind::kCredentialsRejected);
  clock_.Advance(seconds(60));
  Fetch(source_);
  upstream_.AnswerWith("1");
  Run();
  EXPECT_EQ(HeldFor(), Duration());
  FetchAndFail(ErrorKind::kCredentialsRejected);

  EXPECT_EQ(HeldFor(), seconds(60));
}

TEST_F(HoldOffSourceTest, M12_AMissingAccountIsNotAskedForForHalfAMinute) {
  HoldOffSource same_key(upstream_.MakeSource(), credential_, clock_);
  FetchAndFail(ErrorKind::kAccountMissing);

  EXPECT_EQ(HeldFor(), seconds(30));
  EXPECT_TRUE(account_->HeldUntil({clock_.WallNow(), clock_.SteadyNow()}));
  EXPECT_FALSE(same_key.Outlook().because);
}

TEST_F(HoldOffSourceTest, TheFirstRejectedTimeMayBeSetRightAtOnce) {
  FetchAndFail(ErrorKind::kClockSkew);
  EXPECT_EQ(HeldFor(), Duration());
  FetchAndFail(ErrorKind::kClockSkew);

  EXPECT_EQ(HeldFor(), seconds(60));
}

TEST_F(HoldOffSourceTest, M83_AfterTheClockWasSetTheNextRequestGoesAtOnceAndMayBeSetRightToo) {
  FetchAndFail(ErrorKind::kClockSkew);
  FetchAndFail(ErrorKind::kClockSkew);
  Advance(seconds(5));
  EXPECT_EQ(HeldFor(), seconds(55));
  clock_.JumpWall(minutes(-20));

  EXPECT_EQ(HeldFor(), Duration());
  FetchAndFail(ErrorKind::kClockSkew);
  EXPECT_EQ(HeldFor(), Duration());
  FetchAndFail(ErrorKind::kClockSkew);
  EXPECT_EQ(HeldFor(), seconds(60));
}

TEST_F(HoldOffSourceTest, M83_AfterAReloadTheNextRequestGoesAtOnceAndMayBeSetRightToo) {
  FetchAndFail(ErrorKind::kClockSkew);
  FetchAndFail(ErrorKind::kClockSkew);
  credential_->OnReload();

  EXPECT_EQ(HeldFor(), Duration());
  FetchAndFail(ErrorKind::kClockSkew);
  EXPECT_EQ(HeldFor(), Duration());
  FetchAndFail(ErrorKind::kClockSkew);
  EXPECT_EQ(HeldFor(), seconds(60));
}

TEST_F(HoldOffSourceTest, FailuresOfLoginOrHostHoldNothingOff) {
  for (const auto kind : {ErrorKind::kUnreachable, ErrorKind::kUpstreamError,
                          ErrorKind::kReplyInvalid, ErrorKind::kRateLimited}) {
    FetchAndFail(kind);

    EXPECT_EQ(HeldFor(), Duration());
  }
}

TEST_F(HoldOffSourceTest, AGoodAnswerBetweenForgivesARejectedTime) {
  for (int i = 0; i < 5; ++i) {
    FetchAndFail(ErrorKind::kClockSkew);
    EXPECT_EQ(HeldFor(), Duration());
    Fetch(source_);
    upstream_.AnswerWith("1");
    Run();
  }

  EXPECT_EQ(upstream_.requests(), 10);
}

}  // namespace
}  // namespace balance
