#include <ostream>

#include "tests/unit/transport/transport_fixture.h"

namespace balance {
namespace {

using UnaryCallTest = TransportTest;

TEST_F(UnaryCallTest, AnAnswerIsAMessageAndAStatus) {
  Start();
  H2Client client(port_);

  const auto& reply = client.Ask("/t.T/Echo", "hello");

  EXPECT_EQ(reply.http_status(), "200");
  EXPECT_EQ(reply.Header("content-type"), "application/grpc");
  EXPECT_EQ(reply.Messages(), std::vector<std::string>{"hello"});
  EXPECT_EQ(reply.grpc_status(), "0");
  EXPECT_EQ(reply.reset, std::nullopt);
}

TEST_F(UnaryCallTest, AnEmptyMessageIsAMessage) {
  Start();
  H2Client client(port_);

  EXPECT_EQ(client.Ask("/t.T/Echo", "").Messages(), std::vector<std::string>{""});
}

TEST_F(UnaryCallTest, TheLargestRequestPassesAndALargerOneIsRefused) {
  Start();
  H2Client client(port_);
  const std::string largest(limits_.request_bytes, 'x');

  EXPECT_EQ(client.Ask("/t.T/Echo", largest).Messages(), std::vector<std::string>{largest});
  const auto& refused = client.Ask("/t.T/Echo", largest + "x");

  EXPECT_EQ(refused.grpc_status(), "8");
  EXPECT_EQ(client.Ask("/t.T/Echo", "still here").grpc_status(), "0");
}

TEST_F(UnaryCallTest, ALargeAnswerArrivesWholeAsThePeerMakesRoom) {
  Start();
  H2Client client(port_);

  const auto& reply = client.Ask("/t.T/Large", "");

  EXPECT_EQ(reply.Messages(), std::vector<std::string>{std::string(large_.view())});
  EXPECT_EQ(reply.grpc_status(), "0");
}

TEST_F(UnaryCallTest, AFailureIsTrailersOnlyWithItsMessageAndDetails) {
  Start();
  H2Client client(port_);

  const auto& reply = client.Ask("/t.T/Fail", "");

  EXPECT_EQ(reply.body, "");
  EXPECT_TRUE(reply.trailers.empty());
  EXPECT_EQ(reply.grpc_status(), "14");
  EXPECT_EQ(reply.Header("grpc-message"), "100 %25 %C3%BC");
  EXPECT_EQ(reply.Header("grpc-status-details-bin"), "CA4");
  EXPECT_EQ(reply.Header("grpc-retry-pushback-ms"), "-1");
}

TEST_F(UnaryCallTest, MetadataBeyondAllMeasureIsNotReadToItsEnd) {
  Start();
  H2Client client(port_);
  H2Client::Headers headers;
  for (int i = 0; i < 40; ++i)
    headers.emplace_back("x-" + std::to_string(i), std::string(1000, 'x'));

  EXPECT_TRUE(client.Ask("/t.T/Echo", "", headers).reset.has_value());
  EXPECT_EQ(client.Ask("/t.T/Echo", "next").grpc_status(), "0");
}

TEST_F(UnaryCallTest, AStatusThatNoClientHasRoomForIsCut) {
  std::string long_text(2000, 'x');
  for (int i = 0; i < 50000; ++i) long_text += "\xc3\xbc";
  AddUnary("Babble", [&](Call& call) {
    call.Finish({}, {StatusCode::kInternal, std::string(call.request()) + long_text, long_text});
  });
  AddUnary("Umlauts", [&](Call& call) {
    call.Finish({}, {StatusCode::kInternal, long_text.substr(1999), {}});
  });
  Start();
  H2Client client(port_);

  const auto& reply = client.Ask("/t.T/Babble", "");
  const auto& umlauts = client.Ask("/t.T/Umlauts", "");

  EXPECT_EQ(reply.grpc_status(), "13");
  EXPECT_EQ(reply.Header("grpc-message"), std::string(1024, 'x'));
  EXPECT_EQ(reply.Header("grpc-status-details-bin"), "");
  // 'x' and whole characters.
  EXPECT_EQ(umlauts.Header("grpc-message").size(), 1u + 511 * 6);
}

// Finishes its call as soon as it hears that nobody waits for it.
class Obedient final : public CallWork {
 public:
  explicit Obedient(Call& call) : call_(call) {}
  void OnCallerLeft() override { call_.Finish({}, {StatusCode::kCancelled, "as told", {}}); }

 private:
  Call& call_;
};

TEST_F(UnaryCallTest, ACallThatIsFinishedBecauseItsCallerLeftIsOver) {
  AddUnary("Obey", [](Call& call) { call.Keep(std::make_unique<Obedient>(call)); });
  Start();
  H2Client client(port_);

  EXPECT_EQ(client.Ask("/t.T/Obey", "", {{"grpc-timeout", "20m"}}).grpc_status(), "4");
  client.Cancel(client.Call("/t.T/Obey", ""));
  EXPECT_EQ(client.Ask("/t.T/Echo", "next").grpc_status(), "0");

  EXPECT_TRUE(Eventually([&] { return server_->stats().calls_open == 0; }));
  EXPECT_EQ(server_->stats().calls_cancelled, 2u);
  server_->Stop();
}

TEST_F(UnaryCallTest, CallsFinishedOnAnotherThreadAreAnsweredInAnyOrder) {
  Start();
  H2Client client(port_);
  const auto first = client.Call("/t.T/Hold", "1");
  Call& held_first = TakeHeld();
  const auto second = client.Call("/t.T/Hold", "2");
  Call& held_second = TakeHeld();

  held_second.Finish(Response(ToShared("second")), {});
  EXPECT_EQ(client.AwaitEnd(second).Messages(), std::vector<std::string>{"second"});
  held_first.Finish(Response(ToShared("first")), {});

  EXPECT_EQ(client.AwaitEnd(first).Messages(), std::vector<std::string>{"first"});
  EXPECT_EQ(held_.callers_left(), 0);
}

TEST_F(UnaryCallTest, ACallerWhoLeavesIsToldOfAndTheAnswerIsDropped) {
  Start();
  H2Client client(port_);
  const auto stream = client.Call("/t.T/Hold", "");
  Call& held = TakeHeld();

  client.Cancel(stream);

  EXPECT_TRUE(Eventually([&] { return held_.callers_left() == 1; }));
  held.Finish(Response(ToShared("late")), {});
  EXPECT_EQ(client.Ask("/t.T/Echo", "next").Messages(), std::vector<std::string>{"next"});
  EXPECT_EQ(server_->stats().calls_cancelled, 1u);
}

TEST_F(UnaryCallTest, CallsOfAConnectionThatIsGoneAreFinishedAllTheSame) {
  Start();
  {
    H2Client client(port_);
    client.Call("/t.T/Hold", "");
    client.Call("/t.T/Hold", "");
    ASSERT_TRUE(Eventually([&] { return held_.size() == 2; }));
  }

  EXPECT_TRUE(Eventually([&] { return held_.callers_left() == 2; }));
  TakeHeld().Finish({}, {});
  TakeHeld().Finish({}, {});
  server_->Stop();
  EXPECT_EQ(server_->stats().connections_open, 0u);
  EXPECT_EQ(server_->stats().calls_open, 0u);
}

TEST_F(UnaryCallTest, TheServerEndsACallAtItsDeadline) {
  Start();
  H2Client client(port_);
  const auto stream = client.Call("/t.T/Hold", "", {{"grpc-timeout", "20m"}});

  const auto& reply = client.AwaitEnd(stream);

  EXPECT_EQ(reply.grpc_status(), "4");
  EXPECT_TRUE(Eventually([&] { return held_.callers_left() == 1; }));
  TakeHeld().Finish(Response(ToShared("late")), {});
  EXPECT_EQ(client.Ask("/t.T/Echo", "next").grpc_status(), "0");
}

TEST_F(UnaryCallTest, MetadataReachesTheHandlerAndProtocolHeadersDoNot) {
  std::vector<std::pair<std::string, std::string>> seen;
  AddUnary("Metadata", [&seen](Call& call) {
    call.metadata().ForEach(
        [&seen](std::string_view name, std::string_view value) { seen.emplace_back(name, value); });
    call.Finish({}, {});
  });
  Start();
  H2Client client(port_);

  client.Ask("/t.T/Metadata", "",
             {{"authorization", "Bearer x"}, {"grpc-timeout", "1S"}, {"x-a", ""}, {"x-b", "2"}});

  const std::vector<std::pair<std::string, std::string>> expected = {
      {"authorization", "Bearer x"}, {"x-a", ""}, {"x-b", "2"}};
  EXPECT_EQ(seen, expected);
}

struct BadCall {
  const char* name;
  H2Client::Headers headers;
  std::string path = "/t.T/Echo";
  // As it goes over the wire.
  std::string body = std::string("\0\0\0\0\1x", 6);
  const char* http_status = "200";
  const char* grpc_status = "";

  friend void PrintTo(const BadCall& it, std::ostream* out) { *out << it.name; }
};

class BadCallTest : public TransportTest, public ::testing::WithParamInterface<BadCall> {};

TEST_P(BadCallTest, GetsAClearAnswerAndNobodyElseSuffers) {
  Start();
  H2Client client(port_);
  const auto other = client.Call("/t.T/Hold", "");
  Call& held = TakeHeld();
  const auto stream = client.Start(GetParam().path, GetParam().headers);
  client.SendRaw(stream, GetParam().body, true);

  const auto& reply = client.AwaitEnd(stream);

  EXPECT_EQ(reply.http_status(), GetParam().http_status);
  EXPECT_EQ(reply.grpc_status(), GetParam().grpc_status);
  EXPECT_NE(reply.body + reply.Header("grpc-message"), "");
  held.Finish(Response(ToShared("fine")), {});
  EXPECT_EQ(client.AwaitEnd(other).Messages(), std::vector<std::string>{"fine"});
}

INSTANTIATE_TEST_SUITE_P(
    All, BadCallTest,
    ::testing::Values(
        BadCall{
            .name = "UnknownMethod", .headers = {}, .path = "/t.T/Nothing", .grpc_status = "12"},
        BadCall{.name = "UnknownService", .headers = {}, .path = "/x", .grpc_status = "12"},
        BadCall{.name = "Get", .headers = {{":method", "GET"}}, .http_status = "405"},
        BadCall{.name = "Json",
                .headers = {{"content-type", "application/json"}},
                .http_status = "415"},
        BadCall{.name = "Timeout", .headers = {{"grpc-timeout", "soon"}}, .grpc_status = "3"},
        BadCall{.name = "Gzip", .headers = {{"grpc-encoding", "gzip"}}, .grpc_status = "12"},
        BadCall{.name = "Metadata",
                .headers = {{"x-long", std::string(9000, 'x')}},
                .grpc_status = "8"},
        BadCall{.name = "MuchMetadata",
                .headers = {{"x-long", std::string(20000, 'x')}},
                .grpc_status = "8"},
        BadCall{.name = "NoMessage", .headers = {}, .body = "", .grpc_status = "12"},
        BadCall{.name = "HalfAPrefix",
                .headers = {},
                .body = std::string(3, '\0'),
                .grpc_status = "13"},
        BadCall{.name = "HalfAMessage",
                .headers = {},
                .body = std::string("\0\0\0\0\5x", 6),
                .grpc_status = "13"},
        BadCall{.name = "TwoMessages",
                .headers = {},
                .body = std::string("\0\0\0\0\0\0\0\0\0\0", 10),
                .grpc_status = "12"},
        BadCall{.name = "CompressedWithoutEncoding",
                .headers = {},
                .body = std::string("\1\0\0\0\1x", 6),
                .grpc_status = "13"},
        BadCall{.name = "AnnouncedTooLarge",
                .headers = {},
                .body = std::string("\0\xff\xff\xff\xff", 5),
                .grpc_status = "8"}),
    [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace balance
