// M57: a client that abuses HTTP/2 harms nobody but itself.

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "service/transport/transport_limits.h"
#include "tests/integration/matrix/matrix_fixture.h"
#include "tests/support/http2_peer.h"

namespace balance {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMebibyte = std::size_t{1024} * 1024;
#ifdef __SANITIZE_ADDRESS__
// AddressSanitizer keeps what was freed and is slow.
constexpr std::size_t kGrowthAtMost = 512 * kMebibyte;
constexpr auto kNeighbourPatience = std::chrono::seconds(10);
#else
constexpr std::size_t kGrowthAtMost = 16 * kMebibyte;
constexpr auto kNeighbourPatience = std::chrono::seconds(2);
#endif

class Http2AbuseTest : public MatrixTest {
 protected:
  // Reads of a decent client, on a connection of its own, for as long as the abuse lasts.
  class Neighbour {
   public:
    explicit Neighbour(std::shared_ptr<grpc::Channel> channel)
        : stub_(v1::BalanceService::NewStub(channel)), thread_([this] { Run(); }) {}
    ~Neighbour() { Stop(); }
    Neighbour(const Neighbour&) = delete;
    Neighbour& operator=(const Neighbour&) = delete;

    // The first read that failed, or OK.
    grpc::Status Stop() {
      stopped_ = true;
      if (thread_.joinable()) thread_.join();
      return first_failure_;
    }
    int reads() const { return reads_; }

   private:
    void Run() {
      do {
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + kNeighbourPatience);
        v1::AccountSnapshot snapshot;
        const auto status = stub_->GetAccountSnapshot(&context, {}, &snapshot);
        if (!status.ok() && first_failure_.ok()) first_failure_ = status;
        ++reads_;
      } while (!stopped_);
    }

    const std::unique_ptr<v1::BalanceService::Stub> stub_;
    std::atomic<bool> stopped_ = false;
    std::atomic<int> reads_ = 0;
    grpc::Status first_failure_;
    std::thread thread_;
  };

  void SetUp() override {
    Start();
    v1::AccountSnapshot snapshot;
    ASSERT_TRUE(Get({}, snapshot).ok());
    peak_before_ = service().PeakResidentBytes();
    neighbour_ = std::make_unique<Neighbour>(NewChannel());
  }

  void TearDown() override {
    const auto status = neighbour_->Stop();
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_GT(neighbour_->reads(), 0);
    neighbour_.reset();
    EXPECT_LT(service().PeakResidentBytes(), peak_before_ + GrowthAtMost());
    v1::AccountSnapshot snapshot;
    EXPECT_TRUE(Get({}, snapshot).ok());
    MatrixTest::TearDown();
  }

  virtual std::size_t GrowthAtMost() const { return kGrowthAtMost; }

  // Whether the server ends the connection, in words or without.
  static bool IsShownOut(Http2Peer& peer) {
    while (const auto frame = peer.Next()) {
      if (frame->type == FrameType::kGoAway) return true;
    }
    return peer.IsClosed();
  }

  std::unique_ptr<Neighbour> neighbour_;
  std::size_t peak_before_ = 0;
};

TEST_F(Http2AbuseTest, M57_TenThousandResets) {
  Http2Peer peer(service().grpc_address());
  std::uint32_t stream = 1;
  for (int batch = 0; batch < 100; ++batch) {
    std::string frames;
    for (int i = 0; i < 100; ++i, stream += 2) {
      frames += CallHeaders(stream) + Cancel(stream);
    }
    if (!peer.Send(frames)) break;
  }

  // The server has seen it all, or has had enough.
  peer.Send(Encode({FrameType::kPing, 0, 0, "12345678"}));
  bool over = false;
  while (const auto frame = peer.Next()) {
    over = over || frame->type == FrameType::kPing || frame->type == FrameType::kGoAway;
    if (over) break;
  }
  EXPECT_TRUE(over || peer.IsClosed());
}

TEST_F(Http2AbuseTest, M57_APingFloodEndsTheConnection) {
  Http2Peer peer(service().grpc_address());
  std::string pings;
  for (int i = 0; i < 100; ++i) pings += Encode({FrameType::kPing, 0, 0, "12345678"});

  for (int batch = 0; batch < 100; ++batch) {
    if (!peer.Send(pings)) break;
  }

  EXPECT_TRUE(IsShownOut(peer));
}

TEST_F(Http2AbuseTest, M57_ASettingsFloodEndsOrIsAnswered) {
  Http2Peer peer(service().grpc_address());
  std::string settings;
  for (int i = 0; i < 100; ++i) settings += Encode({FrameType::kSettings, 0, 0, ""});

  for (int batch = 0; batch < 100; ++batch) {
    if (!peer.Send(settings)) break;
  }

  EXPECT_TRUE(peer.Next().has_value() || peer.IsClosed());
}

TEST_F(Http2AbuseTest, M57_AHeaderBlockWithoutEnd) {
  Http2Peer peer(service().grpc_address());
  const std::string block = HeaderBlock({{"x-filler", std::string(16'000, 'x')}});
  peer.Send(Encode({FrameType::kHeaders, 0, 1, HeaderBlock({{"x-first", "1"}})}));

  std::size_t sent = 0;
  while (sent < 32 * kMebibyte && peer.Send(Encode({FrameType::kContinuation, 0, 1, block}))) {
    sent += block.size();
  }

  EXPECT_GT(sent, 0U);
  EXPECT_TRUE(IsShownOut(peer));
}

TEST_F(Http2AbuseTest, M57_NineKibibytesOfMetadataTwice) {
  const auto stub = v1::BalanceService::NewStub(NewChannel());
  for (int i = 0; i < 2; ++i) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    context.AddMetadata("x-filler", std::string(9 * 1024, 'x'));
    v1::AccountSnapshot snapshot;

    const auto status = stub->GetAccountSnapshot(&context, {}, &snapshot);

    // Refused, or with its connection gone.
    EXPECT_THAT(status.error_code(), testing::AnyOf(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                                    grpc::StatusCode::UNAVAILABLE));
  }

  // Then on a new connection, once the client has noticed the loss of the old one.
  EXPECT_TRUE(Becomes([&stub] {
    grpc::ClientContext context;
    v1::AccountSnapshot snapshot;
    return stub->GetAccountSnapshot(&context, {}, &snapshot).ok();
  }));
}

TEST_F(Http2AbuseTest, M57_AMessageBeyondTheLimit) {
  const auto stub = v1::BalanceService::NewStub(NewChannel());
  for (const std::size_t size : {TransportLimits().request_bytes + 1, 5 * kMebibyte}) {
    const std::string large(size, 'x');
    v1::GetAccountSnapshotRequest snapshot_request;
    snapshot_request.set_name(large);
    v1::ListAccountSnapshotsRequest list_request;
    list_request.set_page_token(large);
    v1::AccountSnapshot snapshot;
    v1::ListAccountSnapshotsResponse list;

    grpc::ClientContext first;
    EXPECT_EQ(stub->GetAccountSnapshot(&first, snapshot_request, &snapshot).error_code(),
              grpc::StatusCode::RESOURCE_EXHAUSTED);
    grpc::ClientContext second;
    EXPECT_EQ(stub->ListAccountSnapshots(&second, list_request, &list).error_code(),
              grpc::StatusCode::RESOURCE_EXHAUSTED);
    grpc::ClientContext third;
    EXPECT_TRUE(stub->GetAccountSnapshot(&third, {}, &snapshot).ok());
  }
}

TEST_F(Http2AbuseTest, M57_TheLongestBatchIsWithinTheLimit) {
  const auto stub = v1::BalanceService::NewStub(NewChannel());
  v1::BatchGetAccountSnapshotsRequest batch;
  for (int i = 0; i < 100; ++i) {
    batch.add_names("accounts/" + std::string(63, 'x'));
    batch.add_sources(std::string(60, 'x') + std::to_string(100 + i));
  }
  v1::BatchGetAccountSnapshotsResponse response;

  grpc::ClientContext context;
  EXPECT_EQ(stub->BatchGetAccountSnapshots(&context, batch, &response).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(Http2AbuseTest, M57_RequestsThatNeverEnd) {
  // 48,000 bytes of 60,000, a hundred times on each connection.
  std::string message(1, '\0');
  message += std::string("\0\0\xEA\x60", 4) + std::string(16'000, 'x');
  std::vector<std::unique_ptr<Http2Peer>> peers;
  for (int i = 0; i < 24; ++i) {
    auto& peer = *peers.emplace_back(std::make_unique<Http2Peer>(service().grpc_address()));
    for (std::uint32_t stream = 1; stream < 200; stream += 2) {
      std::string frames = CallHeaders(stream) + Encode({FrameType::kData, 0, stream, message});
      for (int more = 0; more < 2; ++more) {
        frames += Encode({FrameType::kData, 0, stream, std::string(16'000, 'x')});
      }
      if (!peer.Send(frames)) break;
    }
  }
  // 115 MB were offered; what that may cost is judged at the end.
}

// Not judged by its memory: it is what ten thousand honest callers need.
class ManyCallsTest : public Http2AbuseTest {
 protected:
  std::size_t GrowthAtMost() const override { return 16 * kGrowthAtMost; }
};

TEST_F(ManyCallsTest, M57_TenThousandCallsAtOnceAreNoAbuse) {
  constexpr int kConnections = 100;
  constexpr int kCalls = 100;
  polymarket().Set({.latency = std::chrono::milliseconds(100)});
  v1::GetAccountSnapshotRequest anew;
  anew.mutable_policy()->mutable_max_age();
  std::string calls = Encode({FrameType::kWindowUpdate, 0, 0, std::string("\0\x7F\xFF\xFF", 4)});
  for (std::uint32_t i = 0; i < kCalls; ++i)
    calls += EncodedCall(2 * i + 1, anew.SerializeAsString());
  std::vector<std::unique_ptr<Http2Peer>> peers;
  for (int i = 0; i < kConnections; ++i) {
    peers.push_back(std::make_unique<Http2Peer>(service().grpc_address()));
    ASSERT_TRUE(peers.back()->Send(calls));
  }

  // An error has no message, only headers.
  int answers = 0;
  for (const auto& peer : peers) {
    for (int ended = 0; ended < kCalls;) {
      const auto frame = peer->Next(std::chrono::seconds(20));
      ASSERT_TRUE(frame.has_value()) << answers << " answers";
      if (frame->type == FrameType::kData) ++answers;
      if (frame->stream != 0 && (frame->flags & kEndStream) != 0) ++ended;
    }
  }
  EXPECT_EQ(answers, kConnections * kCalls);
}

}  // namespace
}  // namespace balance
