#include "clients/resilience/rotating_source.h"

#include "tests/support/fetching.h"

namespace balance {
namespace {

using std::chrono::seconds;

// upstream_ is the way of the new credential.
class RotatingSourceTest : public FetchingTest {
 protected:
  FakeUpstream previous_{clock_};
  std::shared_ptr<Rotation> rotation_ = std::make_shared<Rotation>();
  RotatingSource source_{upstream_.MakeSource(), previous_.MakeSource(), rotation_};

  void FetchAndReject() {
    Fetch(source_);
    upstream_.FailWith(ErrorKind::kCredentialsRejected);
    Run();
  }
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

TEST_F(RotatingSourceTest, OnceTheNewOneServesNobodyHasToAct) {
  FetchAndReject();
  previous_.AnswerWith("2");
  Run();
  Fetch(source_);
  upstream_.AnswerWith("1");
  Run();

  EXPECT_FALSE(rotation_->UsesPrevious());
  EXPECT_TRUE(rotation_->IsOver());
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
  previous_.FailWith(ErrorKind::kCredentialsRejected);
  Run();

  EXPECT_EQ(result_->error().kind, ErrorKind::kCredentialsRejected);
  EXPECT_TRUE(rotation_->IsOver());
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
