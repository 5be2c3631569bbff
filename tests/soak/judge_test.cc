#include "tests/soak/judge.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>

namespace balance {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kGood = R"pb(
  name: "accounts/a"
  sources {
    name: "real"
    fund_class: REAL_MONEY
    state: FRESH
    balance_set {
      balances {
        currency_code: "USD"
        cash { value: "10.50" }
        available_to_trade { value: "9" }
      }
    }
    freshness { observe_time { seconds: 99 } }
  }
  sources {
    name: "paper"
    fund_class: SIMULATED_MONEY
    state: STALE
    balance_set {}
    freshness { observe_time { seconds: 90 } }
  }
  sources { name: "other" fund_class: REAL_MONEY state: NO_DATA }
  totals {
    fund_class: REAL_MONEY
    currency_code: "USD"
    measure: CASH
    known_subtotal { value: "10.5" }
    counted_sources: "real"
    missing_sources: "other"
  }
  totals {
    fund_class: REAL_MONEY
    currency_code: "USD"
    measure: AVAILABLE_TO_TRADE
    known_subtotal { value: "9.00" }
    counted_sources: "real"
    missing_sources: "other"
  }
  totals {
    fund_class: SIMULATED_MONEY
    currency_code: "USD"
    measure: CASH
    total { value: "0" }
    counted_sources: "paper"
  }
  completeness { configured: 3 fresh: 1 stale: 1 missing: 1 }
  serve_time { seconds: 100 }
)pb";

class JudgeTest : public testing::Test {
 protected:
  JudgeTest() { EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kGood, &snapshot_)); }

  std::vector<std::string> Verdict() const {
    return Judge(snapshot_, policy_, {std::chrono::seconds(2), std::chrono::seconds(30)});
  }

  v1::AccountSnapshot snapshot_;
  v1::ReadPolicy policy_;
};

TEST_F(JudgeTest, AGoodAnswerPasses) { EXPECT_THAT(Verdict(), IsEmpty()); }

TEST_F(JudgeTest, FreshPastTheTtlIsWrong) {
  snapshot_.mutable_sources(0)->mutable_freshness()->mutable_observe_time()->set_seconds(97);

  EXPECT_THAT(Verdict(), ElementsAre("real: FRESH at an age of 3000 ms"));
}

TEST_F(JudgeTest, StaleWithinTheTtlIsWrongUnlessABoundMadeItSo) {
  snapshot_.mutable_sources(1)->mutable_freshness()->mutable_observe_time()->set_seconds(99);
  EXPECT_THAT(Verdict(), ElementsAre("paper: STALE at an age of 1000 ms"));
  policy_.mutable_max_age();

  EXPECT_THAT(Verdict(), IsEmpty());
}

TEST_F(JudgeTest, StalePastTheWindowIsWrong) {
  snapshot_.mutable_sources(1)->mutable_freshness()->mutable_observe_time()->set_seconds(67);

  EXPECT_THAT(Verdict(), ElementsAre("paper: STALE at an age of 33000 ms"));
}

TEST_F(JudgeTest, StaleIsWrongWhereNothingStaleIsTakenUnlessItAgedWhileTheCallWaited) {
  policy_.mutable_max_stale();
  v1::Freshness& freshness = *snapshot_.mutable_sources(1)->mutable_freshness();
  freshness.set_outcome(v1::Freshness::HIT);
  EXPECT_THAT(Verdict(), IsEmpty());

  freshness.set_outcome(v1::Freshness::STALE_ON_ERROR);

  EXPECT_THAT(Verdict(), ElementsAre(HasSubstr("takes nothing stale")));
}

TEST_F(JudgeTest, DataBesideNoDataIsWrong) {
  snapshot_.mutable_sources(2)->mutable_balance_set();

  EXPECT_THAT(Verdict(), testing::Contains("other: data and state do not fit"));
}

TEST_F(JudgeTest, ATotalThatIsNotTheSumIsWrong) {
  snapshot_.mutable_totals(0)->mutable_known_subtotal()->set_value("10.51");
  snapshot_.mutable_totals(2)->mutable_total()->set_value("-0.01");

  EXPECT_THAT(Verdict(), ElementsAre("REAL_MONEY USD CASH: the subtotal is not the sum",
                                     "SIMULATED_MONEY USD CASH: the total is not the sum"));
}

TEST_F(JudgeTest, ATotalOfAPartIsWrong) {
  *snapshot_.mutable_totals(0)->mutable_total() = snapshot_.totals(0).known_subtotal();
  snapshot_.mutable_totals(0)->clear_known_subtotal();

  EXPECT_THAT(Verdict(), testing::Contains(HasSubstr("a total of a part")));
}

TEST_F(JudgeTest, AFigureInNoTotalIsWrong) {
  snapshot_.mutable_totals()->DeleteSubrange(0, 1);

  EXPECT_THAT(Verdict(), ElementsAre("real: a figure is in no total"));
}

TEST_F(JudgeTest, AMissingSourceThatIsShownIsWrong) {
  snapshot_.mutable_totals(0)->clear_counted_sources();
  snapshot_.mutable_totals(0)->add_missing_sources("real");
  snapshot_.mutable_totals(0)->clear_known_subtotal();

  EXPECT_THAT(Verdict(), ElementsAre(HasSubstr("real is not counted as shown")));
}

TEST_F(JudgeTest, CompletenessThatDoesNotCountIsWrong) {
  snapshot_.mutable_completeness()->set_complete(true);

  EXPECT_THAT(Verdict(), ElementsAre(HasSubstr("completeness")));
}

}  // namespace
}  // namespace balance
