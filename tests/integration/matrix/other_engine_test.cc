// M150: the service with Google's gRPC library on the port behaves as with its own transport.

#include <sys/stat.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>

#include "grpc/health/v1/health.grpc.pb.h"
#include "service/grpc_engine/generic_server.h"
#include "tests/integration/matrix/certificates.h"
#include "tests/integration/matrix/matrix_fixture.h"
#include "tests/support/http2_peer.h"

namespace balance {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

class OtherEngineTest : public MatrixTest {
 protected:
  void StartIt(MatrixSetup setup = {}) {
    setup.engine = "GRPC";
    Start(setup);
  }

  std::string ReadFile(const std::string& name) const {
    std::ifstream file(files_.Path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(OtherEngineTest, M150_AnswersAndErrorsAreTheSame) {
  StartIt();

  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(Get({}, snapshot).ok());
  EXPECT_TRUE(snapshot.completeness().complete());
  v1::GetAccountSnapshotRequest request;
  request.set_name("accounts/nobody");
  const auto status = Get(request, snapshot);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ReasonOf(status), "ACCOUNT_NOT_CONFIGURED");
  // A call is over a moment after its caller has the answer.
  EXPECT_TRUE(Becomes([this] {
    return AdminPage("/metrics").find("\nbalance_server_calls 0") != std::string::npos;
  }));
  EXPECT_THAT(AdminPage("/healthz"), HasSubstr("200"));
}

TEST_F(OtherEngineTest, M150_DeadlinesBeyondTheEndOfTheClockCount) {
  StartIt();
  for (const char* timeout : {"9000000H", "99999999H"}) {
    Http2Peer peer(service().grpc_address());
    ASSERT_TRUE(peer.Send(EncodedCall(1, "", {{"grpc-timeout", timeout}})));
    std::optional<Frame> frame;
    do {
      frame = peer.Next();
      ASSERT_TRUE(frame) << timeout;
    } while (frame->stream != 1 ||
             (frame->type != FrameType::kData && (frame->flags & kEndStream) == 0));
    EXPECT_EQ(frame->type, FrameType::kData) << timeout;
  }
}

TEST_F(OtherEngineTest, M150_OneVenueHangsAndTheOtherAnswersInTime) {
  MatrixSetup setup;
  setup.attempt_timeout = "60s";
  setup.refresh_budget = "60s";
  StartIt(setup);
  polymarket().Set({.timeout = std::chrono::milliseconds(0)});

  v1::AccountSnapshot snapshot;
  const auto status = GetAnew(snapshot, seconds(1));

  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(CashOf(snapshot.sources(kPolySimulator)), kPolysimCash);
}

TEST_F(OtherEngineTest, M150_IdleClientsAndHealthWatchesHoldItsStopUpNoLongerThanItsDrain) {
  StartIt();
  v1::AccountSnapshot snapshot;
  ASSERT_TRUE(Get({}, snapshot).ok());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + seconds(30));
  const auto watch = grpc::health::v1::Health::NewStub(NewChannel())->Watch(&context, {});
  grpc::health::v1::HealthCheckResponse health;
  ASSERT_TRUE(watch->Read(&health));

  const auto begin = steady_clock::now();
  EXPECT_EQ(service().Stop(), "exit 0");

  EXPECT_LT(steady_clock::now() - begin, GenericServer::kMostDrain + seconds(2));
  service_.reset();
}

TEST_F(OtherEngineTest, M150_MutualTlsTellsWhoIsCalling) {
  WriteCertificates(files_.Path("."), {});
  chmod(files_.Path("server.key").c_str(), S_IRUSR);
  MatrixSetup setup;
  setup.more_yaml = "tls: {certificate_file: " + files_.Path("server.pem") +
                    ", private_key_file: " + files_.Path("server.key") +
                    ", client_ca_file: " + files_.Path("ca.pem") +
                    "}\ncallers: [{id: somebody, dns_name: somebody.example, accounts: ['*']}]\n";
  StartIt(setup);
  const auto call = [this](const std::string& key, const std::string& certificate) {
    const auto channel = grpc::CreateChannel(
        service().grpc_address(), grpc::SslCredentials({ReadFile("ca.pem"), key, certificate}));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + seconds(10));
    v1::AccountSnapshot snapshot;
    return v1::BalanceService::NewStub(channel)->GetAccountSnapshot(&context, {}, &snapshot);
  };

  // The certificate of the server itself leads to the CA, but no rule names it.
  const auto stranger = call(ReadFile("server.key"), ReadFile("server.pem"));

  EXPECT_EQ(stranger.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(ReasonOf(stranger), "CALLER_UNKNOWN");
  EXPECT_EQ(call("", "").error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace balance
