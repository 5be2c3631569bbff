#include "clients/polysimulator/push_protocol.h"

#include <gtest/gtest.h>

namespace balance::polysimulator {
namespace {

constexpr const char* kConnected = R"({"type":"connected","feed":"executions"})";

TEST(PolySimulatorPushProtocolTest, GreetingIsTheAcknowledgementAndAHint) {
  PushProtocol protocol;

  const PushReaction reaction = protocol.OnMessage(kConnected);

  EXPECT_EQ(protocol.Opening(), "");
  EXPECT_TRUE(reaction.is_ready);
  EXPECT_TRUE(reaction.is_hint);
  EXPECT_FALSE(protocol.OnMessage(kConnected).is_ready);
}

TEST(PolySimulatorPushProtocolTest, PongsAreNothing) {
  EXPECT_EQ(PushProtocol().KeepAlive(), R"({"action":"ping"})");
  for (const char* pong : {R"({"type":"pong","ts":1756670000000})",
                           R"({"type":"pong","timestamp":1})", R"({"event_type":"pong"})"}) {
    const PushReaction reaction = PushProtocol().OnMessage(pong);
    EXPECT_FALSE(reaction.is_hint || reaction.is_ready || reaction.failure) << pong;
  }
}

TEST(PolySimulatorPushProtocolTest, AnythingElseIsAHint) {
  for (const char* message :
       {R"({"type":"fill","order_id":731,"price":"0.41"})",
        R"({"type":"execution","order_id":"731","status":"FILLED"})",
        R"({"type":"execution","data":{"order_id":731}})", R"({"type":"error","message":"no"})",
        R"({"type":7})", "{}", "[]", "", "\xff"}) {
    const PushReaction reaction = PushProtocol().OnMessage(message);
    EXPECT_TRUE(reaction.is_hint) << message;
    EXPECT_FALSE(reaction.is_ready || reaction.failure) << message;
  }
}

TEST(PolySimulatorPushProtocolTest, CloseCodeSaysWhenToReturn) {
  const PushProtocol protocol;

  EXPECT_EQ(protocol.OnEnd(4001), PushReturn::kAtOnce);
  EXPECT_EQ(protocol.OnEnd(4002), PushReturn::kLongest);
  for (const int code : {1000, 1001, 1008, 1011}) {
    EXPECT_EQ(protocol.OnEnd(static_cast<std::uint16_t>(code)), PushReturn::kBackOff) << code;
  }
  EXPECT_EQ(protocol.OnEnd(std::nullopt), PushReturn::kBackOff);
}

}  // namespace
}  // namespace balance::polysimulator
