#include "clients/resilience/rotating_source.h"

#include "clients/resilience/hold_off_source.h"
#include "tests/support/fetching.h"

namespace balance {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// upstream_ is the way of the new credential.
class RotatingSourceTest : public FetchingTest {
 protected:
  std::unique_ptr<BalanceSource> Guarded(FakeUpstream& upstream,
                                         const std::shared_ptr<HoldOff>& hold_off) {
    return std::make_unique<HoldOffSource>(upstream.MakeSource(), hold_off, clock_);
  }

  static std::shared_ptr<HoldOff> MakeHoldOff() {
    return std::make_shared<HoldOff>(HoldOffTimes::kCredential, HoldOffTimes::kCredentialLongest);
  }

  // A request takes a second.
  void Reject(FakeUpstream& upstream, ErrorKind kind = ErrorKind::kCredentialsRejected) {
    Advance(seconds(1));
    upstream.FailWith(kind);
    Run();
  }
  void Serve(FakeUpstream& upstream) {
    Advance(seconds(1));
    upstream.AnswerWith("1");
    Run();
  }

  void FetchAndReject() {
    Fetch(source_);
    Reject(upstream_);
  }

  // The new one is held off, the one before serves.
  void BeginOverlap() {
    FetchAndReject();
    Serve(previous_);
    ASSERT_TRUE(rotation_->UsesPrevious());
  }

  FakeUpstream previous_{clock_};
  std::shared_ptr<Rotation> rotation_ = std::make_shared<Rotation>();
  std::shared_ptr<HoldOff> hold_off_ = MakeHoldOff();
  RotatingSource source_{Guarded(upstream_, hold_off_), Guarded(previous_, MakeHoldOff()),
                         rotation_, hold_off_};
};

TEST_F(RotatingSourceTest, ANewCredentialThatServesEndsTheRotation) {
  Fetch(source_);
  upstream_.AnswerWith("1");
  Run();

  EXPECT_TRUE(*result_);
  EXPECT_TRUE(rotation_->IsOver());
  EXPECT_EQ(previous_.requests(), 0);

  FetchAndReject();
  EXPECT_EQ((*result_).error().kind, ErrorKind::kCredentialsRejected);
  EXPECT_EQ(previous_.requests(), 0);
}

TEST_F(RotatingSourceTest, ARejectedOneIsReplacedByTheOneBefore) {
  FetchAndReject();
  previous_.AnswerWith("2");
  Run();

  EXPECT_TRUE(*result_);
  EXPECT_TRUE(rotation_->UsesPrevious());
  EXPECT_FALSE(rotation_->IsOver());
}

TEST_F(RotatingSourceTest, OneThatMayNotReadIsReplacedByTheOneBefore) {
  Fetch(source_);
  Reject(upstream_, ErrorKind::kForbidden);
  Serve(previous_);

  EXPECT_TRUE(*result_);
  EXPECT_TRUE(rotation_->UsesPrevious());
}

TEST_F(RotatingSourceTest, OneWithoutAnAccountIsNotReplaced) {
  Fetch(source_);
  Reject(upstream_, ErrorKind::kAccountMissing);

  EXPECT_EQ(result_->error().kind, ErrorKind::kAccountMissing);
  EXPECT_EQ(previous_.requests(), 0);
}

TEST_F(RotatingSourceTest, OnceTheNewOneServesNobodyHasToAct) {
  BeginOverlap();
  Advance(HoldOffTimes::kCredential);
  Fetch(source_);
  Serve(upstream_);

  EXPECT_TRUE(*result_);
  EXPECT_FALSE(rotation_->UsesPrevious());
  EXPECT_TRUE(rotation_->IsOver());
}

TEST_F(RotatingSourceTest, TheEndOfTheOneBeforeEndsTheHoldOffOfTheNewOne) {
  BeginOverlap();
  Fetch(source_);
  Reject(previous_);
  Serve(upstream_);

  EXPECT_TRUE(*result_);
  EXPECT_TRUE(rotation_->IsOver());
  EXPECT_FALSE(rotation_->UsesPrevious());
}

TEST_F(RotatingSourceTest, AnEndThatOthersSawEndsTheHoldOffToo) {
  BeginOverlap();
  previous_.RefuseFor(minutes(15), ErrorKind::kCredentialsRejected);
  Fetch(source_);
  Serve(upstream_);

  EXPECT_TRUE(*result_);
}

TEST_F(RotatingSourceTest, ARejectedPairIsLeftAlone) {
  BeginOverlap();
  Fetch(source_);
  Reject(previous_);
  Reject(upstream_);
  const int asked = upstream_.requests() + previous_.requests();

  EXPECT_EQ(result_->error().kind, ErrorKind::kCredentialsRejected);
  EXPECT_FALSE(rotation_->UsesPrevious());
  for (int i = 0; i < 10; ++i) Fetch(source_);
  EXPECT_EQ(upstream_.requests() + previous_.requests(), asked);
  EXPECT_TRUE(source_.Outlook().IsForbidden(clock_.SteadyNow()));
  EXPECT_LE(source_.Outlook().earliest, clock_.SteadyNow() + HoldOffTimes::kCredential);
}

TEST_F(RotatingSourceTest, AnOutageThatRejectsBothCostsNeither) {
  BeginOverlap();
  Fetch(source_);
  Reject(previous_);
  Reject(upstream_);
  Advance(HoldOffTimes::kCredential);
  FetchAndReject();
  Serve(previous_);

  EXPECT_TRUE(*result_);
  EXPECT_TRUE(rotation_->UsesPrevious());
}

TEST_F(RotatingSourceTest, OtherTroubleOfTheNewOneIsNoRejection) {
  Fetch(source_);
  upstream_.FailWith(ErrorKind::kUnreachable);
  Run();

  EXPECT_EQ(result_->error().kind, ErrorKind::kUnreachable);
  EXPECT_EQ(previous_.requests(), 0);
  EXPECT_FALSE(rotation_->IsOver());
}

TEST_F(RotatingSourceTest, BothRejectedIsTheRejectionOfTheNewOne) {
  FetchAndReject();
  Reject(previous_, ErrorKind::kForbidden);

  EXPECT_EQ(result_->error().kind, ErrorKind::kCredentialsRejected);
  EXPECT_EQ(upstream_.requests(), 1);
  EXPECT_FALSE(rotation_->UsesPrevious());
}

TEST_F(RotatingSourceTest, TroubleOfTheOneBeforeMayHeal) {
  FetchAndReject();
  previous_.FailWith(ErrorKind::kUnreachable);
  Run();

  EXPECT_EQ(result_->error().kind, ErrorKind::kUnreachable);
  EXPECT_FALSE(rotation_->IsOver());
}

TEST_F(RotatingSourceTest, TheOutlookIsThatOfTheOneInUse) {
  upstream_.RefuseFor(seconds(60), ErrorKind::kCredentialsRejected);
  EXPECT_FALSE(source_.Outlook().because);

  previous_.RefuseFor(seconds(7), ErrorKind::kRateLimited);
  EXPECT_EQ(source_.Outlook().because->kind, ErrorKind::kRateLimited);

  upstream_.RefuseFor(seconds(60), ErrorKind::kUnreachable);
  EXPECT_EQ(source_.Outlook().because->kind, ErrorKind::kUnreachable);
}

}  // namespace
}  // namespace balance
