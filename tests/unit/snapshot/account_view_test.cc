#include "service/snapshot/account_view.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"
#include "tests/support/fake_source.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class AccountPublisherTest : public testing::Test {
 protected:
  AccountPublisherTest() {
    auto info = std::make_shared<SourceInfo>();
    info->account = "desk-1";
    info->source = "real";
    info->measures = {Measure::kCash};
    info->cache = {seconds(2), seconds(5), seconds(60), milliseconds(500)};
    status_.info = info;
  }

  void Read(const std::string& cash) {
    status_.reading =
        std::make_shared<const Reading>(MakeReading(cash, clock_.WallNow(), clock_.SteadyNow()));
    Publish();
  }

  void Publish() { publisher_.OnAccountChange({status_}); }

  v1::AccountSnapshot Published() {
    v1::AccountSnapshot snapshot;
    EXPECT_TRUE(
        snapshot.ParseFromString(std::string(publisher_.Get()->Encoded(EncodeView::kFull).view())));
    return snapshot;
  }

  FakeClock clock_;
  SourceStatus status_;
  AccountPublisher publisher_{"desk-1", "epoch", clock_};
};

TEST_F(AccountPublisherTest, AColdAccountIsPublishedAndAnswersNobodyWhoWouldFetch) {
  Publish();

  EXPECT_EQ(publisher_.Get()->statuses.size(), 1);
  EXPECT_EQ(publisher_.Get()->revision.number, 1);
  EXPECT_EQ(Published().sources(0).state(), v1::SourceBalance_State_NO_DATA);
  EXPECT_FALSE(Answers(*publisher_.Get(), {}, {clock_.WallNow(), clock_.SteadyNow()}));
}

TEST_F(AccountPublisherTest, EncodedBytesAreAHitUntilTheTtlEnds) {
  Read("10.50");

  EXPECT_EQ(Published().sources(0).freshness().outcome(), v1::Freshness::HIT);
  EXPECT_EQ(publisher_.Get()->fresh_until, clock_.SteadyNow() + seconds(2));
  EXPECT_EQ(publisher_.Get()->next_state_change, clock_.SteadyNow() + seconds(2));
}

TEST_F(AccountPublisherTest, EncodedBytesTellTheTimeOfTheNextAttemptAndNoDelayThatCannotCountDown) {
  auto failure = std::make_shared<SourceFailure>();
  failure->error = {ErrorKind::kRateLimited, "slow down"};
  failure->next_attempt = clock_.SteadyNow() + seconds(7);
  failure->next_attempt_time = clock_.WallNow() + seconds(7);
  status_.failure = failure;
  Read("10.50");

  const v1::SourceFailure shown = Published().sources(0).failure();
  EXPECT_TRUE(shown.has_next_attempt_time());
  EXPECT_EQ(shown.status().details_size(), 1);
}

TEST_F(AccountPublisherTest, RevisionGrowsWithContentAndNotWithTime) {
  Read("10.50");
  const auto first = publisher_.Get()->revision.number;
  clock_.Advance(seconds(1));
  Read("10.50");
  EXPECT_EQ(publisher_.Get()->revision.number, first);

  Read("10.51");

  EXPECT_EQ(publisher_.Get()->revision.number, first + 1);
}

TEST_F(AccountPublisherTest, EachViewIsEncodedOnceWhateverTheState) {
  for (const bool is_read : {false, true}) {
    if (is_read) Read("10.50");
    if (!is_read) Publish();
    const auto view = publisher_.Get();
    const auto* const full = view->Encoded(EncodeView::kFull).data();
    const auto* const basic = view->Encoded(EncodeView::kBasic).data();

    EXPECT_EQ(view->Encoded(EncodeView::kFull).data(), full);
    EXPECT_EQ(view->Encoded(EncodeView::kBasic).data(), basic);
    EXPECT_NE(full, basic);
  }
}

class CountingSubscriber final : public Subscriber {
 public:
  void OnPublished(std::uint32_t key) override { keys.push_back(key); }
  std::vector<std::uint32_t> keys;
};

TEST_F(AccountPublisherTest, SubscribersHearOfNewContentAndNotOfNewTimes) {
  const auto subscriber = std::make_shared<CountingSubscriber>();
  const auto place = publisher_.topic().Subscribe(subscriber, 7);
  Read("10.50");
  clock_.Advance(seconds(1));
  Read("10.50");
  EXPECT_EQ(subscriber->keys, std::vector<std::uint32_t>{7});
  Read("10.51");
  EXPECT_EQ(subscriber->keys.size(), 2u);

  publisher_.topic().Unsubscribe(place);
  Read("10.52");

  EXPECT_EQ(subscriber->keys.size(), 2u);
}

TEST_F(AccountPublisherTest, AgingIntoStaleIsAChangeOfContentAndAnswersNobodyAnyMore) {
  Read("10.50");
  const auto fresh = publisher_.Get()->revision.number;
  clock_.Advance(seconds(3));
  Publish();

  EXPECT_EQ(publisher_.Get()->revision.number, fresh + 1);
  EXPECT_EQ(Published().sources(0).state(), v1::SourceBalance::STALE);
  EXPECT_FALSE(Answers(*publisher_.Get(), {.max_stale = seconds(60)},
                       {clock_.WallNow(), clock_.SteadyNow()}));
}

TEST_F(AccountPublisherTest, AppendedServeTimeMergesIntoTheEncodedBytes) {
  Read("10.50");
  v1::AccountSnapshot served;
  served.mutable_serve_time()->set_seconds(7);

  v1::AccountSnapshot whole;
  ASSERT_TRUE(
      whole.ParseFromString(std::string(publisher_.Get()->Encoded(EncodeView::kFull).view()) +
                            served.SerializeAsString()));

  EXPECT_EQ(whole.serve_time().seconds(), 7);
  EXPECT_EQ(whole.sources_size(), 1);
}

TEST_F(AccountPublisherTest, AnAccountWithoutSourcesAnswersNobody) {
  publisher_.OnAccountChange({});

  EXPECT_FALSE(Answers(*publisher_.Get(), {}, clock_.Time()));
}

TEST_F(AccountPublisherTest, TheBytesAnswerBoundsThatTheOldestReadingMeets) {
  Read("10.50");
  const Now read{clock_.WallNow(), clock_.SteadyNow()};
  clock_.Advance(seconds(1));
  const Now now{clock_.WallNow(), clock_.SteadyNow()};
  const auto answers = [&](const ReadBounds& bounds) {
    return Answers(*publisher_.Get(), bounds, now);
  };

  EXPECT_TRUE(answers({}));
  EXPECT_TRUE(answers({.max_age = seconds(1)}));
  EXPECT_FALSE(answers({.max_age = seconds(1) - Duration(1)}));
  EXPECT_FALSE(answers({.max_age = Duration()}));
  EXPECT_TRUE(answers({.max_age = Duration::max()}));
  EXPECT_TRUE(answers({.not_before = read.wall}));
  EXPECT_FALSE(answers({.not_before = read.wall + Duration(1)}));
  EXPECT_TRUE(answers({.only_if_cached = true}));
}

TEST_F(AccountPublisherTest, TheBytesAnswerNothingPastTheTtl) {
  Read("10.50");
  clock_.Advance(seconds(2) + Duration(1));

  EXPECT_FALSE(
      Answers(*publisher_.Get(), {.max_age = seconds(60)}, {clock_.WallNow(), clock_.SteadyNow()}));
}

TEST_F(AccountPublisherTest, ARegressingWallClockMakesNothingNewer) {
  Read("10.50");
  const WallTime later = clock_.WallNow() + seconds(1);
  clock_.Advance(seconds(1));
  const Now now{clock_.WallNow() + seconds(3600), clock_.SteadyNow()};

  EXPECT_FALSE(Answers(*publisher_.Get(), {.not_before = later}, now));
}

}  // namespace
}  // namespace balance
