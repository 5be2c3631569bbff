#include "tests/soak/answer_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "tests/unit/sandbox/socket_client.h"

namespace balance {
namespace {

using sandbox::Side;
using std::chrono::milliseconds;
using std::chrono::system_clock;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class AnswerLogTest : public testing::Test {
 protected:
  void SetUp() override {
    auto started = sandbox::Sandbox::Start();
    ASSERT_TRUE(started) << started.error().message;
    upstreams_ = std::move(*started);
    Hold({{"USD", "10.50"}, {"USDC", "7"}});
  }

  // What Polymarket's main wallet holds from now on; the time since when.
  WallTime Hold(const CashByCurrency& cash) {
    sandbox::PolymarketLedger ledger;
    for (const auto& [currency, amount] : cash) {
      sandbox::PolymarketRow row;
      row.currency = currency;
      row.current_balance = amount;
      ledger.rows.push_back(row);
    }
    EXPECT_TRUE(upstreams_->SetLedger(ledger));
    return upstreams_->History(Side::kPolymarket).back().since;
  }

  std::vector<std::string> WrongAbout(const CashByCurrency& cash, WallTime from, WallTime to) {
    log_.Add({Side::kPolymarket, "main", cash, from, to});
    return log_.Check(*upstreams_);
  }
  std::vector<std::string> WrongAboutNow(const CashByCurrency& cash) {
    return WrongAbout(cash, system_clock::now(), system_clock::now());
  }

  std::unique_ptr<sandbox::Sandbox> upstreams_;
  AnswerLog log_;
};

TEST_F(AnswerLogTest, WhatIsHeldIsRightAndAllElseIsWrong) {
  EXPECT_THAT(WrongAboutNow({{"USD", "10.50"}, {"USDC", "7"}}), IsEmpty());

  EXPECT_THAT(WrongAboutNow({{"USD", "10.5"}, {"USDC", "7"}}),
              ElementsAre(HasSubstr("never held 10.5 USD and 7 USDC")));
  EXPECT_THAT(WrongAboutNow({{"USD", "10.50"}}), ElementsAre(HasSubstr("never held 10.50 USD")));
  EXPECT_THAT(WrongAboutNow({}), ElementsAre(HasSubstr("never held nothing")));
  EXPECT_EQ(log_.checked(), 4U);
}

TEST_F(AnswerLogTest, WhatWasHeldIsRightForItsTimeOnly) {
  const WallTime before = system_clock::now();
  const WallTime change = Hold({{"USD", "11"}});

  EXPECT_THAT(WrongAbout({{"USD", "10.50"}, {"USDC", "7"}}, before, before), IsEmpty());
  EXPECT_THAT(WrongAbout({{"USD", "11"}}, before, change), IsEmpty());
  EXPECT_THAT(WrongAbout({{"USD", "11"}}, change + milliseconds(1), change + milliseconds(1)),
              IsEmpty());
  EXPECT_THAT(WrongAbout({{"USD", "10.50"}, {"USDC", "7"}}, change, change),
              ElementsAre(HasSubstr("polymarket wallet main")));
}

TEST_F(AnswerLogTest, AnUnaskedAnswerIsWrongIfItLayThereBeforeTheRequest) {
  sandbox::Fault unasked;
  unasked.kind = sandbox::FaultKind::kUnasked;
  unasked.status = 200;
  unasked.body = R"({"balances":[{"currentBalance":66,"currency":"USD"}]})";
  unasked.drip = {};
  upstreams_->Push(Side::kPolymarket, unasked);
  sandbox::SocketClient client(upstreams_->port(Side::kPolymarket));
  client.Get("/");
  while (upstreams_->Counters(Side::kPolymarket).last_unasked.empty()) std::this_thread::yield();
  const WallTime sent = upstreams_->Counters(Side::kPolymarket).last_unasked.front().sent;

  EXPECT_THAT(WrongAbout({{"USD", "66"}}, sent - milliseconds(1), sent), IsEmpty());
  EXPECT_EQ(log_.indistinguishable(), 1U);
  EXPECT_THAT(WrongAbout({{"USD", "66"}}, sent, sent), ElementsAre(HasSubstr("66 USD")));
}

TEST_F(AnswerLogTest, WhatIsWrongInItselfIsToldOnce) {
  log_.AddWrong({"odd"});

  EXPECT_THAT(log_.Check(*upstreams_), ElementsAre("odd"));
  EXPECT_THAT(log_.Check(*upstreams_), IsEmpty());
}

}  // namespace
}  // namespace balance
