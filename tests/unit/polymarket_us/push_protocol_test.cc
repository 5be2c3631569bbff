#include "clients/polymarket_us/push_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace balance::polymarket_us {
namespace {

using testing::HasSubstr;

constexpr const char* kSnapshot =
    R"({"requestId":"balances","subscriptionType":"SUBSCRIPTION_TYPE_ACCOUNT_BALANCE",)"
    R"("accountBalancesSnapshot":{"balances":[{"currentBalance":120.5,"currency":"USD"}]},)"
    R"("error":""})";

TEST(PolymarketUsPushProtocolTest, SubscribesToBalancesAndPingsNothing) {
  const PushProtocol protocol;

  EXPECT_EQ(protocol.Opening(), R"({"subscribe":{"requestId":"balances",)"
                                R"("subscriptionType":"SUBSCRIPTION_TYPE_ACCOUNT_BALANCE"}})");
  EXPECT_EQ(protocol.KeepAlive(), "");
}

TEST(PolymarketUsPushProtocolTest, SnapshotIsTheAcknowledgementAndAHint) {
  PushProtocol protocol;

  const PushReaction first = protocol.OnMessage(kSnapshot);
  const PushReaction second = protocol.OnMessage(kSnapshot);

  EXPECT_TRUE(first.is_ready);
  EXPECT_TRUE(first.is_hint);
  EXPECT_FALSE(first.failure);
  EXPECT_FALSE(second.is_ready);
  EXPECT_TRUE(second.is_hint);
}

TEST(PolymarketUsPushProtocolTest, EveryGenerationOfNamesIsUnderstood) {
  for (const char* name :
       {"accountBalancesSnapshot", "accountBalancesUpdate", "account_balances_snapshot",
        "account_balances_update", "accountBalanceSubscriptionSnapshot",
        "accountBalanceSubscriptionUpdate", "accountBalanceUpdate"}) {
    PushProtocol protocol;
    const PushReaction reaction =
        protocol.OnMessage(std::string(R"({"requestId":"balances",")") + name + R"(":{}})");
    EXPECT_TRUE(reaction.is_ready && reaction.is_hint) << name;
  }
}

TEST(PolymarketUsPushProtocolTest, UpdateWithNullsIsAHint) {
  PushProtocol protocol;

  const PushReaction reaction = protocol.OnMessage(
      R"({"requestId":"balances","accountBalancesUpdate":{"balanceChange":{"beforeBalance":null,)"
      R"("afterBalance":null,"updateTime":null}},"error":null})");

  EXPECT_TRUE(reaction.is_hint);
  EXPECT_FALSE(reaction.failure);
}

TEST(PolymarketUsPushProtocolTest, HeartbeatIsNothing) {
  PushProtocol protocol;

  const PushReaction reaction = protocol.OnMessage(R"({"heartbeat":{}})");

  EXPECT_FALSE(reaction.is_hint || reaction.is_ready || reaction.failure);
}

TEST(PolymarketUsPushProtocolTest, FieldsThatAreSentUnsetAreNotThere) {
  PushProtocol protocol;

  const PushReaction change =
      protocol.OnMessage(R"({"heartbeat":null,"error":"","accountBalancesUpdate":{}})");
  EXPECT_TRUE(change.is_hint);
  EXPECT_TRUE(change.is_ready);

  PushProtocol other;
  EXPECT_FALSE(other.OnMessage(R"({"accountBalancesUpdate":null})").is_ready);
}

TEST(PolymarketUsPushProtocolTest, ErrorOfOurRequestEndsTheSocketAndSaysNothingOfItsText) {
  for (const char* message :
       {R"({"requestId":"balances","error":"no such account 12345"})",
        R"({"request_id":"balances","error":"12345"})", R"({"error":"12345"})",
        R"({"requestId":"","error":{"code":12345}})"}) {
    PushProtocol protocol;
    const PushReaction reaction = protocol.OnMessage(message);
    ASSERT_TRUE(reaction.failure) << message;
    EXPECT_EQ(reaction.failure->kind, ErrorKind::kUpstreamError);
    EXPECT_THAT(reaction.failure->message, testing::Not(HasSubstr("12345")));
  }
}

TEST(PolymarketUsPushProtocolTest, ErrorOfAnotherRequestIsOnlyAHint) {
  PushProtocol protocol;

  const PushReaction reaction = protocol.OnMessage(R"({"requestId":"r2","error":"no"})");

  EXPECT_TRUE(reaction.is_hint);
  EXPECT_FALSE(reaction.failure || reaction.is_ready);
}

TEST(PolymarketUsPushProtocolTest, WhatCannotBeReadIsAHint) {
  for (const char* message : {"", "{", "[]", "\xff", "null", R"({"somethingNew":1})"}) {
    PushProtocol protocol;
    const PushReaction reaction = protocol.OnMessage(message);
    EXPECT_TRUE(reaction.is_hint) << message;
    EXPECT_FALSE(reaction.is_ready || reaction.failure) << message;
  }
}

}  // namespace
}  // namespace balance::polymarket_us
