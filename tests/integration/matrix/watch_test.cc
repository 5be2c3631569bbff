// Streams of WatchAccountSnapshots, served by the real program with either engine.

#include <signal.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "clients/core/mutex.h"
#include "tests/integration/matrix/matrix_fixture.h"
#include "tests/support/h2_client.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::HasSubstr;
using Message = v1::WatchAccountSnapshotsResponse;

// A stream and what has come on it so far, read on a thread of its own.
class Stream {
 public:
  Stream(v1::BalanceService::Stub& stub, const v1::WatchAccountSnapshotsRequest& request = {}) {
    reader_ = stub.WatchAccountSnapshots(&context_, request);
    thread_ = std::thread([this] {
      Message message;
      while (reader_->Read(&message)) {
        const MutexLock lock(mutex_);
        messages_.push_back(message);
      }
      const grpc::Status status = reader_->Finish();
      const MutexLock lock(mutex_);
      status_ = status;
    });
  }
  ~Stream() {
    context_.TryCancel();
    thread_.join();
  }

  std::vector<Message> messages() const {
    const MutexLock lock(mutex_);
    return messages_;
  }
  std::optional<grpc::Status> status() const {
    const MutexLock lock(mutex_);
    return status_;
  }
  template <typename Condition>
  bool Has(const Condition& condition) const {
    return Becomes([&] {
      const auto all = messages();
      return std::any_of(all.begin(), all.end(), condition);
    });
  }
  bool HasPolysimCash(const std::string& cash) const {
    return Has([&](const Message& message) {
      return message.has_snapshot() && message.snapshot().name() == "accounts/desk-1" &&
             CashOf(message.snapshot().sources(kPolySimulator)) == cash;
    });
  }
  bool HasInitialState() const {
    return Has([](const Message& message) { return message.has_heartbeat(); });
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<Message>> reader_;
  std::thread thread_;
  mutable Mutex mutex_;
  std::vector<Message> messages_ BALANCE_GUARDED_BY(mutex_);
  std::optional<grpc::Status> status_ BALANCE_GUARDED_BY(mutex_);
};

v1::WatchAccountSnapshotsRequest Quick() {
  v1::WatchAccountSnapshotsRequest request;
  request.mutable_heartbeat_interval()->set_nanos(500'000'000);
  return request;
}

WallTime TimeOf(const google::protobuf::Timestamp& time) {
  return WallTime(seconds(time.seconds()) + std::chrono::nanoseconds(time.nanos()));
}

class WatchMatrixTest : public MatrixTest, public testing::WithParamInterface<const char*> {
 protected:
  void StartWatched(const std::string& ttl = "0.3s", const std::string& more_server = "") {
    setup_.engine = GetParam();
    setup_.cache = "{ttl: " + ttl + ", min_refresh_interval: 0.05s, stale_while_revalidate: 0s}";
    setup_.more_server = more_server;
    Start(setup_);
  }

  MatrixSetup setup_;
};

TEST_P(WatchMatrixTest, M46_AChangeReachesTheStreamWithoutAnyOtherReader) {
  StartWatched();
  const Stream stream(*stub_);
  ASSERT_TRUE(stream.HasPolysimCash(kPolysimCash));
  ASSERT_TRUE(stream.HasInitialState());

  SetPolysimCash("17.25");

  EXPECT_TRUE(stream.HasPolysimCash("17.25"));
}

TEST_P(WatchMatrixTest, M46_AReaderWhoCallsAgainAndAgainNeverSeesAnOlderTimeAndHasTheLastState) {
  StartWatched("0.3s", ", max_watch_age: 1s");
  WallTime newest;
  std::string last;
  int ends = 0;
  const auto end = steady_clock::now() + seconds(20);
  for (int cash = 100; ends < 4 && steady_clock::now() < end; ++cash) {
    SetPolysimCash(std::to_string(cash) + ".50");
    const Stream stream(*stub_, Quick());
    EXPECT_TRUE(stream.HasPolysimCash(std::to_string(cash) + ".50"));
    ASSERT_TRUE(Becomes([&] { return stream.status().has_value(); }));
    ++ends;
    EXPECT_EQ(stream.status()->error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(ReasonOf(*stream.status()), "WATCH_ENDED");
    const auto messages = stream.messages();
    EXPECT_EQ(messages.back().goodbye().reason(), Message::Goodbye::MAX_AGE);
    for (const Message& message : messages) {
      if (!message.has_snapshot()) continue;
      const auto& source = message.snapshot().sources(kPolySimulator);
      if (!source.has_freshness()) continue;
      EXPECT_GE(TimeOf(source.freshness().observe_time()), newest);
      newest = TimeOf(source.freshness().observe_time());
    }
  }
  EXPECT_EQ(ends, 4);
}

TEST_P(WatchMatrixTest, M45_AThousandStreamsCostTheVenueWhatOneCosts) {
  StartWatched("1s");
  constexpr int kConnections = 10;
  constexpr int kStreamsOfOne = 100;
  std::vector<std::unique_ptr<v1::BalanceService::Stub>> stubs;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<Message>>> readers;
  for (int connection = 0; connection < kConnections; ++connection) {
    stubs.push_back(v1::BalanceService::NewStub(NewChannel()));
    for (int i = 0; i < kStreamsOfOne; ++i) {
      contexts.push_back(std::make_unique<grpc::ClientContext>());
      readers.push_back(stubs.back()->WatchAccountSnapshots(contexts.back().get(), Quick()));
    }
  }
  Message message;
  for (const auto& reader : readers) ASSERT_TRUE(reader->Read(&message));
  EXPECT_THAT(AdminPage("/metrics"), HasSubstr("\nbalance_watch_streams 1000"));

  const auto count = [this] { return Refreshes("POLYSIMULATOR", "OK"); };
  const int before = count();
  const auto began = steady_clock::now();
  std::this_thread::sleep_for(seconds(5));
  const int after = count();
  const double ttls = std::chrono::duration<double>(steady_clock::now() - began).count();

  EXPECT_GE(after - before, 3);
  EXPECT_LE(after - before, 1.2 * ttls + 1);
  for (const auto& context : contexts) context->TryCancel();
  for (const auto& reader : readers) {
    while (reader->Read(&message)) {
    }
    reader->Finish();
  }
  // The last one gone, nothing is read any more.
  ASSERT_TRUE(Becomes([this] {
    return AdminPage("/metrics").find("\nbalance_watch_streams 0") != std::string::npos;
  }));
  std::this_thread::sleep_for(seconds(1));
  const int idle = count();
  std::this_thread::sleep_for(seconds(3));
  EXPECT_EQ(count(), idle);
}

TEST_P(WatchMatrixTest, M162_AVenueThatIsFrozenShowsAsStaleWhileHeartbeatsGoOn) {
  StartWatched("0.5s");
  const Stream stream(*stub_, Quick());
  ASSERT_TRUE(stream.HasPolysimCash(kPolysimCash));
  ASSERT_TRUE(stream.HasInitialState());

  polysim().Set({.timeout = milliseconds(0)});

  EXPECT_TRUE(stream.Has([](const Message& message) {
    return message.has_snapshot() &&
           message.snapshot().sources(kPolySimulator).state() == v1::SourceBalance::STALE;
  }));
  // What is proven stands still from now on.
  const auto last_proof = [&stream] {
    WallTime last;
    for (const Message& message : stream.messages()) {
      for (const auto& source : message.heartbeat().sources()) {
        if (source.name().ends_with(kPolysimId)) last = TimeOf(source.observe_time());
      }
    }
    return last;
  };
  const WallTime proof = last_proof();
  const std::size_t seen = stream.messages().size();
  EXPECT_TRUE(Becomes([&] {
    const auto all = stream.messages();
    return std::count_if(all.begin() + static_cast<std::ptrdiff_t>(seen), all.end(),
                         [](const Message& message) { return message.has_heartbeat(); }) >= 3;
  }));
  EXPECT_EQ(last_proof(), proof);

  polysim().Set({});
  SetPolysimCash("18.75");
  EXPECT_TRUE(stream.HasPolysimCash("18.75"));
}

TEST_P(WatchMatrixTest, M164_AStopEndsEveryStreamWithGoodbyeAndItsOwnStatus) {
  setup_.drain_delay = "1s";
  StartWatched();
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 20; ++i) streams.push_back(std::make_unique<Stream>(*stub_, Quick()));
  for (const auto& stream : streams) ASSERT_TRUE(stream->HasInitialState());

  service().Signal(SIGTERM);

  for (const auto& stream : streams) {
    ASSERT_TRUE(Becomes([&] { return stream->status().has_value(); }));
    EXPECT_EQ(stream->status()->error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(ReasonOf(*stream->status()), "WATCH_ENDED");
    EXPECT_EQ(stream->messages().back().goodbye().reason(), Message::Goodbye::DRAIN);
  }
  EXPECT_EQ(service().End(), "exit 0");
  service_.reset();
}

TEST_P(WatchMatrixTest, M163_AnAccountThatAReloadRemovesIsToldByTheReloadItself) {
  setup_.more_accounts =
      "- id: desk-9\n"
      "  sources:\n"
      "  - {id: ghost, polysimulator: {base_url: 'http://127.0.0.1:1', api_key: {value: "
      "ps_live_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}}}\n";
  StartWatched();
  // No timer of a stream comes while the test waits, so it is the reload that has the streams told.
  v1::WatchAccountSnapshotsRequest patient;
  patient.mutable_heartbeat_interval()->set_seconds(60);
  patient.mutable_min_interval()->set_seconds(60);
  v1::WatchAccountSnapshotsRequest named = patient;
  named.add_names("accounts/desk-9");
  const Stream all(*stub_, patient);
  const Stream one(*stub_, named);
  ASSERT_TRUE(all.HasInitialState());
  ASSERT_TRUE(one.HasInitialState());
  setup_.more_accounts.clear();
  files_.Write("config.yaml", YamlText(setup_));

  service().Signal(SIGHUP);

  const auto is_removed = [](const Message& message) {
    return message.removed() == "accounts/desk-9";
  };
  EXPECT_TRUE(all.Has(is_removed));
  EXPECT_TRUE(one.Has(is_removed));
  ASSERT_TRUE(Becomes([&] { return one.status().has_value(); }));
  EXPECT_EQ(one.status()->error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_FALSE(all.status());
}

INSTANTIATE_TEST_SUITE_P(Engines, WatchMatrixTest, testing::Values("NGHTTP2", "GRPC"));

// What only the service's own transport sees: windows.
class SlowWatcherTest : public MatrixTest {
 protected:
  std::uint16_t Port() {
    const std::string address = service().grpc_address();
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }
};

constexpr const char* kWatchPath = "/balance.v1.BalanceService/WatchAccountSnapshots";

TEST_F(SlowWatcherTest, M44_AReaderThatStopsIsEndedAfterTwentySecondsAndCostsNothing) {
  MatrixSetup setup;
  setup.cache = "{ttl: 0.3s, min_refresh_interval: 0.05s}";
  Start(setup);
  // A few messages fit into its window, then none.
  H2Client slow(Port(), {.window = 8000, .gives_window = false});
  std::vector<std::int32_t> streams;
  for (int i = 0; i < 50; ++i)
    streams.push_back(slow.Call(kWatchPath, Quick().SerializeAsString()));
  // One stream of the connection is read, so the connection has room time and again.
  const std::int32_t read = slow.Call(kWatchPath, Quick().SerializeAsString());
  const Stream other(*stub_, Quick());
  ASSERT_TRUE(other.HasInitialState());
  const std::size_t memory = service().PeakResidentBytes();
  const auto began = steady_clock::now();

  int cash = 1000;
  const auto has_ended = [&] {
    SetPolysimCash(std::to_string(++cash) + ".00");
    slow.GiveWindow(read, 8000);
    slow.GiveWindow(0, 8000);
    return slow.reply(streams.front()).has_ended || slow.reply(streams.front()).reset;
  };
  while (!slow.Await(has_ended, milliseconds(100)) && !slow.is_closed() &&
         steady_clock::now() - began < seconds(60)) {
  }

  EXPECT_GE(steady_clock::now() - began, seconds(19));
  for (const std::int32_t stream : streams) {
    const auto& reply = slow.AwaitEnd(stream);
    EXPECT_TRUE(reply.reset || reply.grpc_status() == "10") << reply.grpc_status();
  }
  EXPECT_FALSE(slow.reply(read).has_ended || slow.reply(read).reset);
  EXPECT_LT(service().PeakResidentBytes(), memory + (std::size_t{4} << 20U));
  EXPECT_TRUE(other.HasPolysimCash(std::to_string(cash) + ".00"));
  EXPECT_THAT(AdminPage("/metrics"),
              HasSubstr("balance_watch_ended_total{reason=\"TOO_SLOW\"} 50"));
}

// The value of a metric without labels, or with these.
double ValueOf(const std::string& page, const std::string& series) {
  const std::size_t at = page.find("\n" + series + " ");
  return at == std::string::npos ? -1 : std::stod(page.substr(at + 2 + series.size()));
}

// A connection with many streams, read by turns with others.
class ManyStreams {
 public:
  static constexpr std::size_t kStreams = 100;

  ManyStreams(std::uint16_t port, const std::string& request) : client_(port) {
    client_.GiveWindow(0, 1 << 24);
    for (std::size_t i = 0; i < kStreams; ++i)
      streams_.push_back(client_.Call(kWatchPath, request));
  }

  // Reads what has come; whether each stream has had so many messages.
  bool HaveHad(std::size_t messages) {
    std::size_t next = 0;
    return client_.Await(
        [&] {
          while (next < kStreams && client_.reply(streams_[next]).Messages().size() >= messages) {
            ++next;
          }
          return next == kStreams;
        },
        milliseconds(1));
  }

 private:
  H2Client client_;
  std::vector<std::int32_t> streams_;
};

TEST_F(SlowWatcherTest, M161_TenThousandStreamsAreSentAChangeEach) {
  constexpr int kConnections = 100;
  constexpr double kStreams = kConnections * ManyStreams::kStreams;
  MatrixSetup setup;
  setup.cache = "{ttl: 2s, min_refresh_interval: 0.05s}";
  Start(setup);
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(GetAnew(snapshot).ok());
  const std::size_t memory = service().PeakResidentBytes();
  v1::WatchAccountSnapshotsRequest request;
  request.mutable_heartbeat_interval()->set_seconds(60);
  std::vector<std::unique_ptr<ManyStreams>> clients;
  for (int i = 0; i < kConnections; ++i) {
    clients.push_back(std::make_unique<ManyStreams>(Port(), request.SerializeAsString()));
    // The snapshot, and the end of the initial state.
    ASSERT_TRUE(Becomes([&] { return clients.back()->HaveHad(2); }));
  }
  EXPECT_EQ(ValueOf(AdminPage("/metrics"), "balance_watch_streams"), kStreams);

  SetPolysimCash("19.75");

  std::size_t next = 0;
  EXPECT_TRUE(Becomes(
      [&] {
        for (const auto& client : clients) client->HaveHad(3);
        while (next < clients.size() && clients[next]->HaveHad(3)) ++next;
        return next == clients.size();
      },
      seconds(60)));
  RecordProperty("within_250ms",
                 std::to_string(ValueOf(AdminPage("/metrics"),
                                        "balance_watch_delivery_seconds_bucket{le=\"0.25\"}")));
  const std::size_t of_one = (service().PeakResidentBytes() - memory) / std::size_t{10'000};
  RecordProperty("bytes_of_a_stream", std::to_string(of_one));
  // Twice what an idle one may cost, for what is under way to all of them at once.
  EXPECT_LT(of_one, 4096u);
}

TEST_F(SlowWatcherTest, M42_StreamsThatTheirReadersBlockHoldUpNoOtherCall) {
  Start();
  H2Client client(Port(), {.window = 100, .gives_window = false});
  for (int i = 0; i < 100; ++i) client.Call(kWatchPath, Quick().SerializeAsString());
  client.Ping();
  ASSERT_TRUE(client.Await([&] { return client.pongs() == 1; }));

  // On the same connection and on others, which share its loop.
  for (int i = 0; i < 8; ++i) {
    v1::AccountSnapshot snapshot;
    ASSERT_TRUE(Get({}, snapshot, seconds(2)).ok());
    H2Client next(Port());
    EXPECT_EQ(next.Ask("/balance.v1.BalanceService/ListSources", "").grpc_status(), "0");
  }
  EXPECT_THAT(AdminPage("/healthz"), HasSubstr("200"));
}

}  // namespace
}  // namespace balance
