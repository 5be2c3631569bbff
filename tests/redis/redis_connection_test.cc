// One connection: commands of many callers, and what ends it.

#include "clients/redis/redis_connection.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <string>
#include <vector>

#include "tests/redis/fixed_answer.h"
#include "tests/redis/redis_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RedisConnectionTest : public RedisTest {
 protected:
  std::unique_ptr<RedisConnection> Connect(HostPort address,
                                           RedisConnection::OnMessage on_message = nullptr) {
    auto stream =
        Await(OpenStream(loop_, clock_, std::move(address), {}, clock_.SteadyNow() + seconds(5)));
    if (!stream) throw std::runtime_error(stream.error().message);
    return std::make_unique<RedisConnection>(loop_.get_executor(), clock_, *std::move(stream),
                                             std::move(on_message));
  }

  static RedisPipeline Commands(const std::vector<std::vector<std::string_view>>& commands) {
    RedisPipeline pipeline;
    for (const auto& command : commands) pipeline.Add(command);
    return pipeline;
  }

  RedisResult<std::vector<RedisReply>> Call(
      RedisConnection& connection, const std::vector<std::vector<std::string_view>>& commands,
      Duration patience = seconds(5)) {
    return Await(connection.Call(Commands(commands), clock_.SteadyNow() + patience));
  }

  // Begins a call whose result goes to `result`.
  void Begin(RedisConnection& connection,
             const std::vector<std::vector<std::string_view>>& commands, Duration patience,
             std::optional<RedisResult<std::vector<RedisReply>>>& result) {
    boost::asio::co_spawn(
        loop_, Keep(connection.Call(Commands(commands), clock_.SteadyNow() + patience), result),
        [](std::exception_ptr failure) {
          if (failure) std::rethrow_exception(failure);
        });
  }
};

TEST_F(RedisConnectionTest, CommandsOfManyCallersAreAnsweredEachToItsCaller) {
  const RedisServer server;
  const auto connection = Connect(server.address());
  constexpr int kCallers = 200;
  std::vector<std::string> texts;
  for (int i = 0; i < kCallers; ++i) texts.push_back("text " + std::to_string(i));
  std::vector<std::optional<RedisResult<std::vector<RedisReply>>>> results(kCallers);

  for (std::size_t i = 0; i < kCallers; ++i) {
    Begin(*connection, {{"ECHO", texts[i]}, {"NO-SUCH-COMMAND"}, {"ECHO", texts[i]}}, seconds(10),
          results[i]);
  }

  for (std::size_t i = 0; i < kCallers; ++i) {
    ASSERT_TRUE(Becomes([&] { return results[i].has_value(); }));
    ASSERT_TRUE(*results[i]) << results[i]->error().message;
    const std::vector<RedisReply>& replies = **results[i];
    ASSERT_EQ(replies.size(), 3U);
    EXPECT_EQ(replies[0].text, texts[i]);
    EXPECT_TRUE(replies[1].IsError());
    EXPECT_EQ(replies[2].text, texts[i]);
  }
}

TEST_F(RedisConnectionTest, M36_AnAnswerThatComesLateAnswersNobody) {
  RedisServer server;
  const auto connection = Connect(server.address());
  ASSERT_TRUE(Call(*connection, {{"ECHO", "warm"}}));
  server.Freeze();

  const auto late = Call(*connection, {{"ECHO", "mine"}}, milliseconds(50));
  EXPECT_EQ(KindOf(late), "TIMED_OUT");
  server.Thaw();

  const auto next = Call(*connection, {{"ECHO", "yours"}});
  ASSERT_FALSE(next);
  EXPECT_FALSE(connection->is_open());
  const auto fresh = Connect(server.address());
  EXPECT_EQ(Call(*fresh, {{"ECHO", "yours"}})->front().text, "yours");
}

TEST_F(RedisConnectionTest, M36_ATimeOutOfOneEndsTheWaitsOfAll) {
  RedisServer server;
  const auto connection = Connect(server.address());
  server.Freeze();
  std::optional<RedisResult<std::vector<RedisReply>>> patient;
  Begin(*connection, {{"ECHO", "a"}}, seconds(30), patient);

  EXPECT_EQ(KindOf(Call(*connection, {{"ECHO", "b"}}, milliseconds(50))), "TIMED_OUT");

  ASSERT_TRUE(Becomes([&] { return patient.has_value(); }));
  EXPECT_EQ(KindOf(*patient), "TIMED_OUT");
}

TEST_F(RedisConnectionTest, M36_ACallerWhoIsCancelledEndsTheConnection) {
  RedisServer server;
  const auto connection = Connect(server.address());
  server.Freeze();
  boost::asio::cancellation_signal cancel;
  std::optional<RedisResult<std::vector<RedisReply>>> result;
  bool is_over = false;
  boost::asio::co_spawn(
      loop_,
      Keep(connection->Call(Commands({{"ECHO", "a"}}), clock_.SteadyNow() + seconds(30)), result),
      boost::asio::bind_cancellation_slot(cancel.slot(),
                                          [&](std::exception_ptr) { is_over = true; }));
  RunFor(milliseconds(20));

  cancel.emit(boost::asio::cancellation_type::terminal);

  ASSERT_TRUE(Becomes([&] { return is_over; }));
  EXPECT_FALSE(result);
  EXPECT_FALSE(connection->is_open());
}

TEST_F(RedisConnectionTest, AKilledServerEndsTheWait) {
  RedisServer server;
  const auto connection = Connect(server.address());
  server.Freeze();
  std::optional<RedisResult<std::vector<RedisReply>>> result;
  Begin(*connection, {{"ECHO", "a"}}, seconds(30), result);
  RunFor(milliseconds(10));

  server.Kill();

  ASSERT_TRUE(Becomes([&] { return result.has_value(); }));
  EXPECT_EQ(KindOf(*result), "UNREACHABLE");
}

TEST_F(RedisConnectionTest, WhatIsNoRedisIsToldApart) {
  for (const std::string& answer :
       {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string("\x15\x03\x01\x00\x02", 5),
        std::string("SSH-2.0-OpenSSH_9.2\r\n"),
        "$" + std::to_string(1 << 30) + "\r\n" + std::string(3 << 20, 'x')}) {
    FixedAnswer other(loop_, answer);
    const auto connection = Connect(other.address());

    EXPECT_EQ(KindOf(Call(*connection, {{"PING"}})), "PROTOCOL") << answer.substr(0, 10);
  }
}

TEST_F(RedisConnectionTest, AnAnswerThatNobodyAskedForEndsIt) {
  FixedAnswer other(loop_, "+PONG\r\n+PONG\r\n");
  const auto connection = Connect(other.address());

  const auto reply = Call(*connection, {{"PING"}});

  ASSERT_TRUE(Becomes([&] { return !connection->is_open(); }));
  EXPECT_EQ(connection->failure().kind, RedisErrorKind::kProtocol);
}

TEST_F(RedisConnectionTest, AServerThatSaysNothingCostsTheDeadline) {
  FixedAnswer silent(loop_, "");
  const auto connection = Connect(silent.address());
  const SteadyTime begun = clock_.SteadyNow();

  EXPECT_EQ(KindOf(Call(*connection, {{"PING"}}, milliseconds(50))), "TIMED_OUT");

  EXPECT_GE(clock_.SteadyNow() - begun, milliseconds(50));
}

TEST_F(RedisConnectionTest, RefusedConnectionsAreToldWithARemedy) {
  HostPort address;
  {
    const RedisServer server;
    address = server.address();
  }

  const auto stream =
      Await(OpenStream(loop_, clock_, address, {}, clock_.SteadyNow() + seconds(5)));

  EXPECT_EQ(KindOf(stream), "UNREACHABLE");
  EXPECT_NE(stream.error().message.find("fleet.redis.address"), std::string::npos);
}

TEST_F(RedisConnectionTest, MessagesGoToTheirOwnCallback) {
  const RedisServer server;
  std::vector<std::string> heard;
  const auto connection =
      Connect(server.address(), [&](std::string_view channel, std::string_view payload) {
        heard.push_back(std::string(channel) + "=" + std::string(payload));
      });

  ASSERT_TRUE(Call(*connection, {{"SUBSCRIBE", "a"}, {"SUBSCRIBE", "b"}}));
  server.Command({"PUBLISH", "b", "1"});
  ASSERT_TRUE(Call(*connection, {{"PING"}}));

  ASSERT_TRUE(Becomes([&] { return !heard.empty(); }));
  EXPECT_EQ(heard, std::vector<std::string>{"b=1"});
}

}  // namespace
}  // namespace balance
