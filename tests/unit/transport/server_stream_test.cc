#include <atomic>
#include <future>
#include <numeric>
#include <vector>

#include "tests/unit/transport/transport_fixture.h"

namespace balance {
namespace {

using ServerStreamTest = TransportTest;

TEST_F(ServerStreamTest, MessagesArriveInOrderAndThenTheStatus) {
  Start();
  H2Client client(port_);

  const auto& reply = client.Ask("/t.T/Repeat", "");

  EXPECT_EQ(reply.Messages(), std::vector<std::string>(3, "again"));
  EXPECT_EQ(reply.grpc_status(), "0");
  EXPECT_TRUE(Eventually([&] { return counts_.destroyed == 1; }));
  EXPECT_EQ(counts_.left, 0);
}

TEST_F(ServerStreamTest, NothingIsWrittenForWhichThePeerHasNoRoom) {
  repeated_ = std::string(995, 'x');
  times_ = 1000;
  Start();
  H2Client client(port_, {.window = 10000, .gives_window = false});
  const auto stream = client.Call("/t.T/Repeat", "");
  ASSERT_TRUE(client.Await([&] { return client.reply(stream).body.size() == 10000; }));

  client.Ping();
  ASSERT_TRUE(client.Await([&] { return client.pongs() == 1; }));
  EXPECT_EQ(counts_.written, 10);
  client.GiveWindow(stream, 2500);

  EXPECT_TRUE(client.Await([&] { return client.reply(stream).body.size() == 12000; }));
  client.Ping();
  ASSERT_TRUE(client.Await([&] { return client.pongs() == 2; }));
  EXPECT_EQ(counts_.written, 12);
}

TEST_F(ServerStreamTest, AMessageLargerThanAWholeWindowIsSentOnceTheWindowIsOpen) {
  repeated_ = std::string(50000, 'x');
  times_ = 2;
  Start();
  H2Client client(port_, {.window = 10000});

  const auto& reply = client.Ask("/t.T/Repeat", "");

  EXPECT_EQ(reply.Messages(), std::vector<std::string>(2, repeated_));
}

TEST_F(ServerStreamTest, AHandlerHearsOnceThatItsCallerHasLeft) {
  times_ = 1000000;
  Start();
  H2Client client(port_, {.window = 1000, .gives_window = false});
  const auto stream = client.Call("/t.T/Repeat", "");
  ASSERT_TRUE(client.Await([&] { return !client.reply(stream).body.empty(); }));

  client.Cancel(stream);

  EXPECT_TRUE(Eventually([&] { return counts_.destroyed == 1; }));
  EXPECT_EQ(counts_.left, 1);
}

TEST_F(ServerStreamTest, AStreamEndsAtItsDeadline) {
  times_ = 1000000;
  Start();
  H2Client client(port_, {.window = 1000, .gives_window = false});
  const auto stream = client.Call("/t.T/Repeat", "", {{"grpc-timeout", "20m"}});

  const auto& reply = client.AwaitEnd(stream);

  EXPECT_EQ(reply.grpc_status(), "4");
  EXPECT_TRUE(Eventually([&] { return counts_.destroyed == 1; }));
  EXPECT_EQ(counts_.left, 1);
}

TEST_F(ServerStreamTest, AMessageThatIsStuckAtTheDeadlineIsCutOff) {
  repeated_ = std::string(50000, 'x');
  Start();
  H2Client client(port_, {.window = 10000, .gives_window = false});
  const auto stream = client.Call("/t.T/Repeat", "", {{"grpc-timeout", "20m"}});

  const auto& reply = client.AwaitEnd(stream);

  EXPECT_EQ(reply.reset, NGHTTP2_CANCEL);
  EXPECT_TRUE(Eventually([&] { return counts_.destroyed == 1; }));
  EXPECT_EQ(counts_.left, 1);
  EXPECT_EQ(server_->stats().calls_cancelled, 1u);
  EXPECT_EQ(server_->stats().buffered_bytes, 0u);
}

TEST_F(ServerStreamTest, AMessageThatItsOwnReaderDoesNotTakeKeepsNobodyElseFromTheConnection) {
  AddRepeater("Stuck", std::string(200000, 'x'), 1);
  Start();
  H2Client client(port_, {.window = 65535, .gives_window = false});
  const auto stuck = client.Call("/t.T/Stuck", "");
  ASSERT_TRUE(client.Await([&] { return client.reply(stuck).body.size() == 65535; }));
  // Libraries make room on the connection whichever of its streams is read.
  client.GiveWindow(0, 65535);

  const auto& reply = client.Ask("/t.T/Repeat", "");

  EXPECT_EQ(reply.Messages(), std::vector<std::string>(3, "again"));
  client.GiveWindow(0, 1000000);
  client.GiveWindow(stuck, 1000000);
  EXPECT_EQ(client.AwaitEnd(stuck).Messages(), std::vector<std::string>{std::string(200000, 'x')});
}

TEST_F(ServerStreamTest, MessagesThatTheirReadersDoNotTakeDoNotAddUp) {
  AddRepeater("Stuck", std::string(30000, 'x'), 1);
  Start();
  H2Client client(port_, {.window = 10000, .gives_window = false});
  for (int i = 0; i < 4; ++i) {
    const auto stuck = client.Call("/t.T/Stuck", "");
    ASSERT_TRUE(client.Await([&] { return client.reply(stuck).body.size() == 10000; }));
  }
  client.GiveWindow(0, 40000);

  EXPECT_EQ(client.Ask("/t.T/Repeat", "").Messages(), std::vector<std::string>(3, "again"));
}

TEST_F(ServerStreamTest, RoomThatACancelledMessageLeavesIsGivenToThoseWhoWait) {
  AddRepeater("Stuck", std::string(200000, 'x'), 1);
  std::promise<void> stopped;
  std::promise<void> sent;
  AddUnary("Stop", [&](Call& call) {
    stopped.set_value();
    sent.get_future().wait();
    call.Finish({}, {});
  });
  Start();
  H2Client client(port_, {.gives_window = false});
  // Settings are agreed on by now.
  client.Ask("/t.T/Echo", "");
  const auto stop = client.Call("/t.T/Stop", "");
  stopped.get_future().wait();
  // The server reads together what is sent meanwhile: nothing of the large message has left when it
  // is cancelled, and no window opens.
  const auto large = client.Call("/t.T/Stuck", "");
  const auto waiting = client.Call("/t.T/Repeat", "");
  client.Cancel(large);
  sent.set_value();

  EXPECT_EQ(client.AwaitEnd(waiting).Messages(), std::vector<std::string>(3, "again"));
  EXPECT_TRUE(client.reply(stop).has_ended);
  EXPECT_TRUE(client.reply(large).body.empty());
}

TEST_F(ServerStreamTest, StreamsOfAConnectionThatIsTooSlowForThemTakeTurns) {
  // With its prefix it is 1,000 bytes.
  repeated_ = std::string(995, 'x');
  times_ = 1000000;
  Start();
  // Only the connection's window is small.
  H2Client client(port_, {.window = 1000000, .gives_window = false});
  // Settings are agreed on by now.
  client.Ask("/t.T/Echo", "");
  std::vector<std::int32_t> streams;
  for (int i = 0; i < 4; ++i) streams.push_back(client.Call("/t.T/Repeat", ""));
  const auto received = [&] {
    std::vector<std::size_t> sizes;
    for (const auto stream : streams) sizes.push_back(client.reply(stream).body.size());
    return sizes;
  };
  const auto sum = [&] {
    const auto sizes = received();
    return std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
  };
  // What is left of the connection's window is less than a message.
  ASSERT_TRUE(client.Await([&] { return sum() > 65535 - 2000; }));
  client.Ping();
  ASSERT_TRUE(client.Await([&] { return client.pongs() == 1; }));
  const auto before = received();
  const std::size_t sum_before = sum();

  for (std::size_t i = 1; i <= 12; ++i) {
    client.GiveWindow(0, 1000);
    ASSERT_TRUE(client.Await([&] { return sum() == sum_before + i * 1000; }));
  }

  const auto after = received();
  for (std::size_t i = 0; i < streams.size(); ++i) EXPECT_EQ(after[i] - before[i], 3000U) << i;
}

// Does nothing by itself.
class Quiet final : public StreamHandler {
 public:
  void OnWritable() override {}
};

// Writes as much as it can once it is woken; when it is woken again it gives up.
class Quitter final : public StreamHandler {
 public:
  // Counts in `woken` that it was woken the first time.
  Quitter(SharedBytes message, std::atomic<std::size_t>& woken)
      : message_(std::move(message)), woken_(woken) {}

  std::shared_ptr<StreamWaker> Begin(ServerStream& stream) {
    stream_ = &stream;
    return stream.waker();
  }
  void OnWritable() override {
    while (stream_->CanWrite(message_.size())) stream_->Write(message_);
  }
  void OnWake() override {
    if (std::exchange(is_writing_, true)) {
      return stream_->Abort({StatusCode::kAborted, "enough", {}});
    }
    OnWritable();
    ++woken_;
  }

 private:
  const SharedBytes message_;
  std::atomic<std::size_t>& woken_;
  ServerStream* stream_ = nullptr;
  bool is_writing_ = false;
};

TEST_F(ServerStreamTest, StreamsThatAreGivenUpWhileTheSocketIsFullLeaveTheConnectionWhole) {
  // One frame each, and more than fit into one write: mostly the socket is full while the head of
  // a frame is made whose bytes are not.
  constexpr std::size_t kStreams = 20;
  const std::string message(16000, 'x');
  HeldWakers wakers;
  std::atomic<std::size_t> woken = 0;
  methods_.Add({"t.T", "Quit", MethodKind::kServerStreaming, [&](Call& call) {
                  auto handler = std::make_unique<Quitter>(ToShared(message), woken);
                  Quitter& opened = *handler;
                  wakers.Hold(opened.Begin(call.Open(std::move(handler))));
                }});
  Start();

  for (std::size_t round = 1; round <= 4; ++round) {
    H2Client client(port_, {.window = 0x7fffffff});
    client.GiveWindow(0, 0x7fff0000);
    std::vector<std::int32_t> streams;
    for (std::size_t i = 0; i < kStreams; ++i) streams.push_back(client.Call("/t.T/Quit", ""));
    ASSERT_TRUE(Eventually([&] { return wakers.size() == round * kStreams; }));
    wakers.WakeAll();
    // Two wakes in a row might come as one.
    ASSERT_TRUE(Eventually([&] { return woken == round * kStreams; }));
    // Beside whole messages there are bytes that the socket has not taken.
    ASSERT_TRUE(Eventually([&] { return server_->stats().buffered_bytes % message.size() != 0; }));

    wakers.WakeAll();

    for (const auto stream : streams) {
      const auto& reply = client.AwaitEnd(stream);
      EXPECT_TRUE(reply.reset || reply.grpc_status() == "10") << stream;
      for (const std::string& whole : reply.Messages()) EXPECT_EQ(whole, message);
    }
    EXPECT_EQ(client.Ask("/t.T/Echo", "still here").grpc_status(), "0");
    EXPECT_TRUE(Eventually([&] { return server_->stats().buffered_bytes == 0; }));
  }
}

class LastMessageTest : public LoopTimeTest {
 protected:
  LastMessageTest() : LoopTimeTest(50000) { loops_ = 1; }
  // The clock is its own.
  ~LastMessageTest() override { server_.reset(); }

  Clock& time() override { return loop_clock_; }
};

TEST_F(LastMessageTest, IsCutOffWhenItIsStuckForTwentySeconds) {
  Start();
  H2Client client(port_, {.window = 10000, .gives_window = false});
  const auto stream = client.Call("/t.T/Last", "");
  ASSERT_TRUE(client.Await([&] { return client.reply(stream).body.size() == 10000; }));

  Advance(client, std::chrono::milliseconds(19999));
  EXPECT_FALSE(client.reply(stream).has_ended);
  Advance(client, std::chrono::milliseconds(1));

  EXPECT_EQ(client.AwaitEnd(stream).reset, NGHTTP2_CANCEL);
  EXPECT_TRUE(Eventually([&] { return counts_.destroyed == 1; }));
  EXPECT_EQ(counts_.left, 0);
  EXPECT_EQ(server_->stats().buffered_bytes, 0u);
}

TEST_F(LastMessageTest, IsFollowedByTheStatusWhenItIsTakenInTime) {
  Start();
  H2Client client(port_, {.window = 10000, .gives_window = false});
  const auto stream = client.Call("/t.T/Last", "");
  ASSERT_TRUE(client.Await([&] { return client.reply(stream).body.size() == 10000; }));

  Advance(client, std::chrono::milliseconds(19999));
  client.GiveWindow(stream, 50000);

  EXPECT_EQ(client.AwaitEnd(stream).Messages().size(), 1u);
  EXPECT_EQ(client.reply(stream).grpc_status(), "10");
  Advance(client, std::chrono::milliseconds(1));
  EXPECT_FALSE(client.reply(stream).reset);
}

TEST_F(LastMessageTest, GivesWayToTheStatusWhenNothingOfItHasLeft) {
  Start();
  H2Client client(port_, {.window = 0, .gives_window = false});
  const auto stream = client.Call("/t.T/Last", "");

  Advance(client, std::chrono::milliseconds(20000));

  EXPECT_EQ(client.AwaitEnd(stream).grpc_status(), "10");
  EXPECT_FALSE(client.reply(stream).reset);
  EXPECT_TRUE(client.reply(stream).body.empty());
  EXPECT_TRUE(Eventually([&] { return server_->stats().buffered_bytes == 0; }));
}

TEST_F(ServerStreamTest, EveryMessageOfABidirectionalCallIsAnswered) {
  Start();
  H2Client client(port_);
  const auto stream = client.Start("/t.T/Echoes");
  const std::string large(60000, 'y');

  client.SendMessage(stream, "one", false);
  ASSERT_TRUE(client.Await([&] { return client.reply(stream).Messages().size() == 1; }));
  client.SendMessage(stream, large, false);
  client.SendMessage(stream, "", true);

  const auto& reply = client.AwaitEnd(stream);
  EXPECT_EQ(reply.Messages(), (std::vector<std::string>{"one", large, ""}));
  EXPECT_EQ(reply.grpc_status(), "10");
  EXPECT_EQ(reply.Header("grpc-message"), "that was all");
}

TEST_F(ServerStreamTest, ABidirectionalCallTakesMessagesOfAnySizeInAnyOrder) {
  Start();
  H2Client client(port_);
  const auto stream = client.Start("/t.T/Echoes");
  std::vector<std::string> messages;
  for (const std::size_t size :
       {60000U, 1U, 1013U, 1014U, 1015U, 1020U, 65536U, 2048U, 65536U, 0U}) {
    messages.emplace_back(size, 'x');
    client.SendMessage(stream, messages.back(), false);
  }
  client.SendRaw(stream, "", true);

  EXPECT_EQ(client.AwaitEnd(stream).Messages(), messages);
}

// Sends the parts of one message, then one more message each time it is called by its timer, in all
// three times; then it ends.
class Ticker final : public StreamHandler {
 public:
  Ticker(Clock& clock, Duration interval, bool outlives)
      : clock_(clock), interval_(interval), outlives_(outlives) {}

  void Begin(ServerStream& stream) {
    stream_ = &stream;
    if (outlives_) stream.OutliveConnectionAge();
    // Taken back by the next.
    stream.SetTimer(clock_.SteadyNow());
    stream.SetTimer(clock_.SteadyNow() + interval_);
  }
  void OnWritable() override {}
  void OnTimer() override {
    ++ticks_;
    if (!stream_->CanWrite(4)) return stream_->Abort({StatusCode::kInternal, "no room", {}});
    stream_->Write(ToShared("tick"));
    if (ticks_ == 3) return stream_->Finish({});
    stream_->SetTimer(clock_.SteadyNow() + interval_);
  }

 private:
  Clock& clock_;
  const Duration interval_;
  const bool outlives_;
  ServerStream* stream_ = nullptr;
  int ticks_ = 0;
};

TEST_F(ServerStreamTest, ATimerFiresOnceAtTheTimeThatWasSetLast) {
  methods_.Add({"t.T", "Tick", MethodKind::kServerStreaming, [this](Call& call) {
                  auto handler =
                      std::make_unique<Ticker>(clock_, std::chrono::milliseconds(20), false);
                  Ticker& opened = *handler;
                  opened.Begin(call.Open(std::move(handler)));
                }});
  Start();
  H2Client client(port_);
  const SteadyTime began = clock_.SteadyNow();

  const auto& reply = client.Ask("/t.T/Tick", "");

  EXPECT_EQ(reply.Messages(), std::vector<std::string>(3, "tick"));
  EXPECT_EQ(reply.grpc_status(), "0");
  EXPECT_GE(clock_.SteadyNow() - began, std::chrono::milliseconds(60));
}

TEST_F(ServerStreamTest, M166_AStreamThatEndsItselfOutlivesTheAgeOfItsConnection) {
  limits_.age = std::chrono::milliseconds(1);
  limits_.age_quiet = std::chrono::milliseconds(1);
  limits_.age_waits_for_quiet = std::chrono::milliseconds(1);
  limits_.age_waits_for_call = std::chrono::milliseconds(1);
  limits_.grace = std::chrono::milliseconds(1);
  // Past the age, both GOAWAYs and the grace: those are seen to once a second.
  for (const bool outlives : {true, false}) {
    methods_.Add({"t.T", outlives ? "Lasting" : "Plain", MethodKind::kServerStreaming,
                  [this, outlives](Call& call) {
                    auto handler =
                        std::make_unique<Ticker>(clock_, std::chrono::seconds(3), outlives);
                    Ticker& opened = *handler;
                    opened.Begin(call.Open(std::move(handler)));
                  }});
  }
  Start();
  H2Client plain(port_);
  const auto cut_off = plain.Call("/t.T/Plain", "");
  H2Client client(port_);

  const auto stream = client.Call("/t.T/Lasting", "");
  ASSERT_TRUE(
      client.Await([&] { return client.reply(stream).has_ended; }, std::chrono::seconds(20)));

  EXPECT_EQ(client.reply(stream).Messages(), std::vector<std::string>(3, "tick"));
  EXPECT_EQ(client.reply(stream).grpc_status(), "0");
  EXPECT_FALSE(client.goaways().empty());
  EXPECT_TRUE(client.AwaitClose());
  EXPECT_TRUE(plain.AwaitClose());
  EXPECT_NE(plain.reply(cut_off).Messages(), std::vector<std::string>(3, "tick"));
}

TEST_F(ServerStreamTest, AMessageOfPartsArrivesAsOne) {
  const std::string body(40000, 'b');
  methods_.Add({"t.T", "Parts", MethodKind::kServerStreaming, [&](Call& call) {
                  ServerStream& stream = call.Open(std::make_unique<Quiet>());
                  const std::string head = "head";
                  const std::string tail(StreamMessage::kMostTailBytes, 't');
                  stream.Write(
                      {{reinterpret_cast<const unsigned char*>(head.data()), head.size()},
                       ToShared(body),
                       {reinterpret_cast<const unsigned char*>(tail.data()), tail.size()}});
                  stream.Finish({});
                }});
  Start();
  H2Client client(port_, {.window = 10007});

  EXPECT_EQ(
      client.Ask("/t.T/Parts", "").Messages(),
      std::vector<std::string>{"head" + body + std::string(StreamMessage::kMostTailBytes, 't')});
}

TEST_F(ServerStreamTest, AMessageCutShortBreaksTheStream) {
  Start();
  H2Client client(port_);
  const auto stream = client.Start("/t.T/Echoes");

  client.SendRaw(stream, std::string("\0\0\0\0\5x", 6), true);

  EXPECT_EQ(client.AwaitEnd(stream).grpc_status(), "13");
}

}  // namespace
}  // namespace balance
