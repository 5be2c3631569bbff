// Both engines serve the same methods; what reaches a handler must be answered alike by both, down
// to the bytes. Where an engine itself refuses a call, the codes must agree.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "service/grpc_engine/generic_server.h"
#include "service/transport/health_service.h"
#include "service/transport/reflection_service.h"
#include "tests/unit/transport/transport_fixture.h"

namespace balance {
namespace {

struct RecordedCall {
  const char* name;
  std::string path;
  std::string message;
  H2Client::Headers headers;
  // Whether a handler sees it; else only the code is compared.
  bool reaches_handler = true;

  friend void PrintTo(const RecordedCall& it, std::ostream* out) { *out << it.name; }
};

std::vector<RecordedCall> RecordedCalls() {
  // A HealthCheckRequest for "known" and one for "unknown"; a reflection request for all services,
  // and one for a file that there is not.
  const std::string known = "\x0a\x05known";
  const std::string unknown = "\x0a\x07unknown";
  const std::string all_services = std::string("\x3a\0", 2);
  const std::string no_file = "\x1a\x01x";
  return {
      {"Echo", "/t.T/Echo", "hello", {}},
      {"EmptyMessage", "/t.T/Echo", "", {}},
      {"LargeMessage", "/t.T/Echo", std::string(60000, 'x'), {}},
      {"Failure", "/t.T/Fail", "", {}},
      {"Large", "/t.T/Large", "", {}},
      {"Repeat", "/t.T/Repeat", "", {}},
      {"Echoes", "/t.T/Echoes", "once", {}},
      {"Metadata", "/t.T/Metadata", "", {{"authorization", "Bearer x"}, {"x-empty", ""}}},
      {"Health", "/grpc.health.v1.Health/Check", known, {}},
      {"HealthUnknown", "/grpc.health.v1.Health/Check", unknown, {}},
      {"HealthList", "/grpc.health.v1.Health/List", "", {}},
      {"HealthGarbage", "/grpc.health.v1.Health/Check", "\xff", {}},
      {"Reflection", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", all_services, {}},
      {"ReflectionAlpha",
       "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
       all_services,
       {}},
      {"ReflectionNothing",
       "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
       no_file,
       {}},
      {"UnknownMethod", "/t.T/Nothing", "", {}, false},
      {"RequestTooLarge", "/t.T/Echo", std::string(70000, 'x'), {}, false},
  };
}

class DifferentialTest : public TransportTest, public ::testing::WithParamInterface<RecordedCall> {
 protected:
  DifferentialTest() {
    AddUnary("Metadata", [](Call& call) {
      std::string seen;
      call.metadata().ForEach([&seen](std::string_view name, std::string_view value) {
        seen.append(name).append("=").append(value).append(";");
      });
      call.Finish(Response(ToShared(seen)), {});
    });
    health_.Set("known", true);
    AddHealthService(methods_, health_);
    AddReflectionService(methods_, {"grpc.health.v1.Health"});
    Start();
    other_ = std::make_unique<GenericServer>(methods_, clock_, limits_);
    const auto port = other_->Start("127.0.0.1:0", std::nullopt);
    EXPECT_TRUE(port);
    if (port) other_port_ = *port;
  }

  HealthStates health_;
  std::unique_ptr<GenericServer> other_;
  std::uint16_t other_port_ = 0;
};

TEST_P(DifferentialTest, BothEnginesAnswerAlike) {
  const RecordedCall& call = GetParam();
  H2Client ours(port_);
  H2Client theirs(other_port_);

  const auto& one = ours.Ask(call.path, call.message, call.headers);
  const auto& two = theirs.Ask(call.path, call.message, call.headers);

  EXPECT_EQ(one.http_status(), two.http_status());
  EXPECT_EQ(one.grpc_status(), two.grpc_status());
  if (!call.reaches_handler) return;
  EXPECT_EQ(one.Messages(), two.Messages());
  for (const char* header : {"grpc-message", "grpc-status-details-bin", "grpc-retry-pushback-ms"}) {
    EXPECT_EQ(one.Header(header), two.Header(header)) << header;
  }
}

INSTANTIATE_TEST_SUITE_P(All, DifferentialTest, ::testing::ValuesIn(RecordedCalls()),
                         [](const auto& param) { return std::string(param.param.name); });

class GenericServerTest : public DifferentialTest {};

TEST_F(GenericServerTest, CallsFinishedOnAnotherThreadAreAnswered) {
  H2Client client(other_port_);
  const auto stream = client.Call("/t.T/Hold", "");
  Call& held = TakeHeld();

  held.Finish(Response(ToShared("late but here")), {});

  EXPECT_EQ(client.AwaitEnd(stream).Messages(), std::vector<std::string>{"late but here"});
}

TEST_F(GenericServerTest, ACallerWhoLeavesIsToldOfAndTheServerStopsOnceTheCallIsFinished) {
  H2Client client(other_port_);
  const auto stream = client.Call("/t.T/Hold", "");
  Call& held = TakeHeld();

  client.Cancel(stream);

  // One ping: after a few the server hangs up, and nobody waits for what it hears of the caller.
  client.Ping();
  EXPECT_TRUE(client.Await([&] { return client.pongs() == 1; }));
  EXPECT_TRUE(Eventually([&] { return held_.callers_left() == 1; }));
  held.Finish({}, {StatusCode::kCancelled, "", {}});
  other_->Stop();
  EXPECT_EQ(other_->stats().calls_open, 0u);
}

class GenericServerTimeTest : public LoopTimeTest {
 protected:
  // More than gRPC takes for itself and says that it has sent.
  GenericServerTimeTest() : LoopTimeTest(500000) {
    const auto port = server_of_grpc_.Start("127.0.0.1:0", std::nullopt);
    EXPECT_TRUE(port);
    if (port) port_of_grpc_ = *port;
  }

  GenericServer server_of_grpc_{methods_, loop_clock_, limits_};
  std::uint16_t port_of_grpc_ = 0;
};

TEST_F(GenericServerTimeTest, ALastMessageIsCutOffWhenItIsStuckForTwentySeconds) {
  H2Client client(port_of_grpc_, {.window = 10000, .gives_window = false});
  const auto stream = client.Call("/t.T/Last", "");
  ASSERT_TRUE(client.Await([&] { return client.reply(stream).body.size() == 10000; }));

  Advance(client, std::chrono::milliseconds(19999));
  EXPECT_FALSE(client.reply(stream).has_ended);
  Advance(client, std::chrono::milliseconds(1));

  // gRPC cuts it off with trailers of its own behind half a message.
  EXPECT_EQ(client.AwaitEnd(stream).grpc_status(), "1");
  EXPECT_TRUE(client.reply(stream).Messages().empty());
  EXPECT_TRUE(Eventually([&] { return counts_.destroyed == 1; }));
}

TEST_F(GenericServerTimeTest, ALastMessageIsFollowedByTheStatusWhenItIsTakenInTime) {
  H2Client client(port_of_grpc_, {.window = 10000, .gives_window = false});
  const auto stream = client.Call("/t.T/Last", "");
  ASSERT_TRUE(client.Await([&] { return client.reply(stream).body.size() == 10000; }));

  Advance(client, std::chrono::milliseconds(19999));
  client.GiveWindow(0, 500000);
  client.GiveWindow(stream, 500000);

  EXPECT_EQ(client.AwaitEnd(stream).Messages().size(), 1u);
  EXPECT_EQ(client.reply(stream).grpc_status(), "10");
}

}  // namespace
}  // namespace balance
