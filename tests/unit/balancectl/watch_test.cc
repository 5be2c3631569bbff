#include "clients/balancectl/watch.h"

#include <gmock/gmock.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <functional>
#include <sstream>

#include "clients/balancectl/exit_code.h"
#include "clients/balancectl/watch_view.h"
#include "google/rpc/error_details.pb.h"

namespace balance::ctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Message = v1::WatchAccountSnapshotsResponse;

constexpr WallTime kNow{seconds(1'790'000'000)};

google::protobuf::Timestamp At(WallTime time) {
  google::protobuf::Timestamp out;
  out.set_seconds(std::chrono::floor<seconds>(time.time_since_epoch()).count());
  return out;
}

Message SnapshotMessage(const std::string& cash, bool complete = true,
                        const std::string& account = "desk-1") {
  Message message;
  *message.mutable_serve_time() = At(kNow);
  auto& snapshot = *message.mutable_snapshot();
  snapshot.set_name("accounts/" + account);
  auto& source = *snapshot.add_sources();
  source.set_name("accounts/" + account + "/sources/pm");
  source.set_fund_class(v1::REAL_MONEY);
  source.set_state(complete ? v1::SourceBalance::FRESH : v1::SourceBalance::STALE);
  *source.mutable_freshness()->mutable_observe_time() = At(kNow - seconds(1));
  auto& balance = *source.mutable_balance_set()->add_balances();
  balance.set_currency_code("USD");
  balance.mutable_cash()->set_value(cash);
  snapshot.mutable_completeness()->set_complete(complete);
  return message;
}

Message HeartbeatMessage() {
  Message message;
  *message.mutable_serve_time() = At(kNow);
  message.mutable_heartbeat()->mutable_interval()->set_nanos(500'000'000);
  message.mutable_heartbeat()->set_synced(true);
  return message;
}

// --- The view -----------------------------------------------------------------------------------

TEST(WatchViewTest, AgesTickByTheServersClock) {
  WatchView view;
  // This machine's clock is an hour behind.
  const WallTime here = kNow - std::chrono::hours(1);
  view.Apply(SnapshotMessage("10.50"), here);

  EXPECT_THAT(view.Render(here, "desk:1", {}),
              AllOf(HasSubstr("10.50"), HasSubstr("FRESH"), HasSubstr("1.0s ago")));
  EXPECT_THAT(view.Render(here + seconds(4), "desk:1", {}), HasSubstr("5.0s ago"));
}

TEST(WatchViewTest, HeartbeatsMoveWhatIsProven) {
  WatchView view;
  view.Apply(SnapshotMessage("10.50"), kNow);
  Message proof = HeartbeatMessage();
  auto& source = *proof.mutable_heartbeat()->add_sources();
  source.set_name("accounts/desk-1/sources/pm");
  *source.mutable_observe_time() = At(kNow + seconds(10));
  *proof.mutable_serve_time() = At(kNow + seconds(10));
  view.Apply(proof, kNow + seconds(10));

  EXPECT_THAT(view.Render(kNow + seconds(12), "desk:1", {}), HasSubstr("2.0s ago"));
}

TEST(WatchViewTest, ChangesAreMarkedForAMomentAndFirstSightIsNone) {
  WatchView view;
  view.Apply(SnapshotMessage("10.50"), kNow);
  EXPECT_THAT(view.Render(kNow, "desk:1", {}), Not(HasSubstr("*")));
  view.Apply(SnapshotMessage("11.50"), kNow);

  EXPECT_THAT(view.Render(kNow + seconds(1), "desk:1", {}), HasSubstr("*"));
  EXPECT_THAT(view.Render(kNow + seconds(4), "desk:1", {}), Not(HasSubstr("*")));
}

TEST(WatchViewTest, StatesAreColoured) {
  WatchView view;
  view.Apply(SnapshotMessage("10.50", false), kNow);

  EXPECT_THAT(view.Render(kNow, "desk:1", {0, true}), HasSubstr("\x1b[33mSTALE\x1b[0m"));
}

TEST(WatchViewTest, AccountsThatAreGoneVanishAlsoThoseThatWentBetweenTwoStreams) {
  WatchView view;
  view.OnBegin();
  view.Apply(SnapshotMessage("10.50"), kNow);
  view.Apply(SnapshotMessage("20.50", true, "desk-2"), kNow);
  view.Apply(HeartbeatMessage(), kNow);
  Message removed;
  removed.set_removed("accounts/desk-2");
  view.Apply(removed, kNow);
  EXPECT_THAT(view.Render(kNow, "desk:1", {}), Not(HasSubstr("desk-2")));

  view.OnBegin();
  EXPECT_THAT(view.Render(kNow, "desk:1", {}), HasSubstr("desk-1"));
  view.Apply(HeartbeatMessage(), kNow);
  EXPECT_THAT(view.Render(kNow, "desk:1", {}), HasSubstr("no accounts"));
}

// What a server says that observed its figures so long before kNow.
Message ObservedBefore(const std::string& cash, seconds before) {
  Message message = SnapshotMessage(cash);
  *message.mutable_snapshot()->mutable_sources(0)->mutable_freshness()->mutable_observe_time() =
      At(kNow - before);
  return message;
}

Message NothingRead() {
  Message message = SnapshotMessage("0");
  auto& source = *message.mutable_snapshot()->mutable_sources(0);
  source.set_state(v1::SourceBalance::NO_DATA);
  source.clear_freshness();
  source.clear_balance_set();
  return message;
}

Message Synced(bool synced) {
  Message message = HeartbeatMessage();
  message.mutable_heartbeat()->set_synced(synced);
  return message;
}

TEST(WatchViewTest, M167_OfTwoServersTheNewerReadingIsKept) {
  WatchView view;
  view.OnBegin();
  view.Apply(ObservedBefore("11.50", seconds(1)), kNow);
  view.Apply(Synced(true), kNow);
  view.OnBegin();
  view.Apply(ObservedBefore("10.50", seconds(5)), kNow);
  view.Apply(Synced(true), kNow);
  EXPECT_THAT(view.Render(kNow, "desk:1", {}), AllOf(HasSubstr("11.50"), HasSubstr("1.0s ago")));

  view.Apply(ObservedBefore("12.50", seconds(0)), kNow);

  EXPECT_THAT(view.Render(kNow, "desk:1", {}), HasSubstr("12.50"));
}

TEST(WatchViewTest, M167_AServerThatHasReadNothingYetHidesNothingUntilItHasTried) {
  WatchView view;
  view.OnBegin();
  view.Apply(ObservedBefore("11.50", seconds(1)), kNow);
  view.Apply(Synced(true), kNow);
  view.OnBegin();
  view.Apply(NothingRead(), kNow);
  view.Apply(Synced(false), kNow);
  EXPECT_THAT(view.Render(kNow, "desk:1", {}), HasSubstr("11.50"));

  view.Apply(Synced(true), kNow);

  EXPECT_THAT(view.Render(kNow, "desk:1", {}),
              AllOf(HasSubstr("NO_DATA"), Not(HasSubstr("11.50"))));
}

TEST(WatchViewTest, M167_WithinAStreamTheServersWordHolds) {
  WatchView view;
  view.OnBegin();
  view.Apply(ObservedBefore("11.50", seconds(1)), kNow);
  view.Apply(NothingRead(), kNow);

  EXPECT_THAT(view.Render(kNow, "desk:1", {}), Not(HasSubstr("11.50")));
}

TEST(WatchViewTest, M167_AHeartbeatProvesTheFiguresOfItsOwnStream) {
  WatchView view;
  view.OnBegin();
  view.Apply(ObservedBefore("11.50", seconds(1)), kNow);
  view.OnBegin();
  view.Apply(ObservedBefore("10.50", seconds(5)), kNow);
  Message proof = Synced(true);
  auto& source = *proof.mutable_heartbeat()->add_sources();
  source.set_name("accounts/desk-1/sources/pm");
  *source.mutable_observe_time() = At(kNow);
  view.Apply(proof, kNow);

  EXPECT_THAT(view.Render(kNow, "desk:1", {}), AllOf(HasSubstr("10.50"), Not(HasSubstr("11.50"))));
}

TEST(WatchViewTest, ALostConnectionIsSaidAndNothingKnownIsHidden) {
  WatchView view;
  view.Apply(SnapshotMessage("10.50"), kNow);
  view.Apply(HeartbeatMessage(), kNow);
  EXPECT_EQ(view.ExitCode(), kExitComplete);
  view.OnLost("UNAVAILABLE: it is away", kNow);

  EXPECT_THAT(
      view.Render(kNow + seconds(3), "desk:1", {}),
      AllOf(HasSubstr("10.50"), HasSubstr("NO CONNECTION for 3.0s"), HasSubstr("it is away")));
  EXPECT_EQ(view.ExitCode(), kExitPartial);
}

TEST(WatchViewTest, ExitCodesAreThoseOfGet) {
  WatchView view;
  EXPECT_EQ(view.ExitCode(), kExitFailed);
  view.Apply(SnapshotMessage("10.50"), kNow);
  view.Apply(HeartbeatMessage(), kNow);
  EXPECT_EQ(view.ExitCode(), kExitComplete);
  view.Apply(SnapshotMessage("10.50", false), kNow);
  EXPECT_EQ(view.ExitCode(), kExitPartial);
}

TEST(WatchViewTest, WhatAServerWritesCannotSteerTheTerminal) {
  WatchView view;
  view.Apply(SnapshotMessage("1\x1b[2J", true, "desk\x1b[31m"), kNow);

  EXPECT_THAT(view.Render(kNow, "desk:1", {}), Not(HasSubstr("\x1b")));
}

// --- The command --------------------------------------------------------------------------------

// Each call does what the test says for its number.
class FakeWatch final : public v1::BalanceService::Service {
 public:
  using Writer = grpc::ServerWriter<Message>;
  using Behaviour = std::function<grpc::Status(int call, grpc::ServerContext&, Writer&)>;

  explicit FakeWatch(Behaviour behaviour) : behaviour_(std::move(behaviour)) {}

  grpc::Status WatchAccountSnapshots(grpc::ServerContext* context,
                                     const v1::WatchAccountSnapshotsRequest* request,
                                     Writer* writer) override {
    last_request = *request;
    return behaviour_(++calls, *context, *writer);
  }

  v1::WatchAccountSnapshotsRequest last_request;
  std::atomic<int> calls = 0;

 private:
  const Behaviour behaviour_;
};

void UntilCancelled(grpc::ServerContext& context) {
  while (!context.IsCancelled()) std::this_thread::sleep_for(milliseconds(5));
}

class WatchCommandTest : public testing::Test {
 protected:
  void Serve(FakeWatch::Behaviour behaviour) {
    service_ = std::make_unique<FakeWatch>(std::move(behaviour));
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
  }
  ~WatchCommandTest() override {
    if (server_) server_->Shutdown(std::chrono::system_clock::now());
  }

  // Until `is_enough`, which is asked all the time.
  int Watch(std::vector<std::string> flags, const std::function<bool()>& is_enough) {
    flags.insert(flags.begin(), {"balancectl", "watch"});
    std::vector<const char*> argv;
    for (const std::string& flag : flags) argv.push_back(flag.c_str());
    Environment environment;
    environment.server = "127.0.0.1:" + std::to_string(port_);
    const auto args = ParseArgs(static_cast<int>(argv.size()), argv.data(), environment);
    EXPECT_TRUE(args) << args.error().text;
    Surroundings surroundings{out_, err_, {}, [] { return kNow; }};
    surroundings.is_stopped = is_enough;
    surroundings.updates_in_place = is_terminal_;
    return ctl::Run(*args, surroundings);
  }
  bool HasOut(const std::string& text) const { return out_.str().find(text) != std::string::npos; }

  std::unique_ptr<FakeWatch> service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  bool is_terminal_ = false;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(WatchCommandTest, JsonIsOneObjectALine) {
  Serve([](int, grpc::ServerContext& context, FakeWatch::Writer& writer) {
    writer.Write(SnapshotMessage("10.50"));
    writer.Write(HeartbeatMessage());
    UntilCancelled(context);
    return grpc::Status::OK;
  });

  const int code = Watch({"--output", "json", "desk-1", "accounts/desk-2", "--heartbeat", "2s"},
                         [this] { return HasOut("heartbeat"); });

  EXPECT_EQ(code, kExitComplete);
  std::istringstream lines(out_.str());
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_THAT(line, AllOf(HasSubstr("{\"serveTime\""), HasSubstr("\"10.50\"")));
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_THAT(line, HasSubstr("\"synced\":true"));
  EXPECT_EQ(service_->last_request.names(0), "accounts/desk-1");
  EXPECT_EQ(service_->last_request.names(1), "accounts/desk-2");
  EXPECT_EQ(service_->last_request.heartbeat_interval().seconds(), 2);
}

TEST_F(WatchCommandTest, InAPipeATableIsWrittenForEachChange) {
  Serve([](int, grpc::ServerContext& context, FakeWatch::Writer& writer) {
    writer.Write(SnapshotMessage("10.50"));
    writer.Write(HeartbeatMessage());
    writer.Write(SnapshotMessage("11.50", false));
    UntilCancelled(context);
    return grpc::Status::OK;
  });

  EXPECT_EQ(Watch({}, [this] { return HasOut("11.50"); }), kExitPartial);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("10.50"), Not(HasSubstr("\x1b"))));
}

TEST_F(WatchCommandTest, OnATerminalTheTableIsDrawnOverItself) {
  is_terminal_ = true;
  Serve([](int, grpc::ServerContext& context, FakeWatch::Writer& writer) {
    writer.Write(SnapshotMessage("10.50"));
    writer.Write(HeartbeatMessage());
    UntilCancelled(context);
    return grpc::Status::OK;
  });

  EXPECT_EQ(Watch({}, [this] { return HasOut("\x1b[J"); }), kExitComplete);
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("\x1b[2J\x1b[H1 account at 127.0.0.1"), HasSubstr("10.50")));
}

TEST_F(WatchCommandTest, ItCallsAgainWhenTheServerEndsTheStream) {
  Serve([](int call, grpc::ServerContext& context, FakeWatch::Writer& writer) {
    writer.Write(SnapshotMessage(std::to_string(call) + ".00"));
    writer.Write(HeartbeatMessage());
    if (call < 3) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the server shuts down");
    UntilCancelled(context);
    return grpc::Status::OK;
  });

  EXPECT_EQ(Watch({}, [this] { return HasOut("3.00"); }), kExitComplete);
  EXPECT_THAT(err_.str(), HasSubstr("the server shuts down"));
}

TEST_F(WatchCommandTest, AServerThatFallsSilentIsCalledAgain) {
  Serve([](int call, grpc::ServerContext& context, FakeWatch::Writer& writer) {
    writer.Write(SnapshotMessage(std::to_string(call) + ".00"));
    writer.Write(HeartbeatMessage());
    UntilCancelled(context);
    return grpc::Status::OK;
  });

  EXPECT_EQ(Watch({}, [this] { return HasOut("2.00"); }), kExitComplete);
  EXPECT_THAT(err_.str(), HasSubstr("silent"));
}

TEST_F(WatchCommandTest, M168_AServerThatFallsSilentBehindItsFirstMessageIsNoticedToo) {
  Serve([](int, grpc::ServerContext& context, FakeWatch::Writer& writer) {
    writer.Write(SnapshotMessage("10.50"));
    UntilCancelled(context);
    return grpc::Status::OK;
  });

  EXPECT_EQ(Watch({"--heartbeat", "0.5s"}, [] { return false; }), kExitFailed);
  EXPECT_THAT(err_.str(), HasSubstr("silent"));
}

TEST_F(WatchCommandTest, WhatCallingAgainCannotMendEndsIt) {
  Serve([](int call, grpc::ServerContext&, FakeWatch::Writer& writer) {
    if (call == 1) {
      writer.Write(SnapshotMessage("10.50"));
      writer.Write(HeartbeatMessage());
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "gone for a moment");
    }
    return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "not any more");
  });

  EXPECT_EQ(Watch({}, [] { return false; }), kExitFailed);
  EXPECT_THAT(err_.str(), HasSubstr("PERMISSION_DENIED"));
}

TEST_F(WatchCommandTest, AServerThatIsNotThereIsAnError) {
  Serve([](int, grpc::ServerContext&, FakeWatch::Writer&) {
    return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "an older server");
  });

  EXPECT_EQ(Watch({}, [] { return false; }), kExitFailed);
  EXPECT_EQ(out_.str(), "");
}

TEST_F(WatchCommandTest, ATimeoutEndsItLikeAPerson) {
  Serve([](int, grpc::ServerContext& context, FakeWatch::Writer& writer) {
    writer.Write(SnapshotMessage("10.50"));
    writer.Write(HeartbeatMessage());
    UntilCancelled(context);
    return grpc::Status::OK;
  });

  EXPECT_EQ(Watch({"--timeout", "700ms"}, [] { return false; }), kExitComplete);
  EXPECT_EQ(err_.str(), "");
}

}  // namespace
}  // namespace balance::ctl
