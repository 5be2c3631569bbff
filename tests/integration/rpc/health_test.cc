// grpc.health.v1.Health, as clients and load balancers ask it.

#include <memory>
#include <string>
#include <vector>

#include "grpc/health/v1/health.grpc.pb.h"
#include "service/transport/health_service.h"
#include "tests/integration/rpc/service_fixture.h"

namespace balance {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

constexpr const char* kService = "balance.v1.BalanceService";

class HealthTest : public ServiceFixture {
 protected:
  // One caller that watches a service.
  class Watcher {
   public:
    Watcher(Health::Stub& stub, const std::string& service,
            std::chrono::milliseconds patience = std::chrono::seconds(10)) {
      context_.set_deadline(std::chrono::system_clock::now() + patience);
      HealthCheckRequest request;
      request.set_service(service);
      reader_ = stub.Watch(&context_, request);
    }

    // The next state; UNKNOWN at the end.
    HealthCheckResponse::ServingStatus Next() {
      HealthCheckResponse response;
      return reader_->Read(&response) ? response.status() : HealthCheckResponse::UNKNOWN;
    }

    void Leave() { context_.TryCancel(); }
    grpc::Status End() { return reader_->Finish(); }

   private:
    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientReader<HealthCheckResponse>> reader_;
  };

  HealthTest() {
    health_.Set("", true);
    health_.Set(kService, true);
    Serve();
    health_stub_ = Health::NewStub(channel_);
  }

  grpc::Status Check(const std::string& service, HealthCheckResponse& response) {
    grpc::ClientContext context;
    HealthCheckRequest request;
    request.set_service(service);
    return health_stub_->Check(&context, request, &response);
  }

  grpc::Status SendNonsense(const std::string& method) {
    return SendBytes("/grpc.health.v1.Health/" + method, "\xff\xff");
  }

  std::unique_ptr<Health::Stub> health_stub_;
};

TEST_F(HealthTest, CheckTellsTheStateOfServiceAndServer) {
  for (const char* service : {"", kService}) {
    HealthCheckResponse response;
    EXPECT_TRUE(Check(service, response).ok());
    EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  }
}

TEST_F(HealthTest, CheckOfAnUnknownServiceIsNotFound) {
  HealthCheckResponse response;
  EXPECT_EQ(Check("other.v1.Service", response).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(HealthTest, AWithdrawnServerServesNothingWhateverIsSet) {
  health_.Withdraw();
  health_.Set(kService, true);

  HealthCheckResponse response;
  EXPECT_TRUE(Check(kService, response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthTest, EveryWatcherIsToldOfTheStateAndOfItsChange) {
  constexpr int kWatchers = 50;
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (int i = 0; i < kWatchers; ++i) {
    watchers.push_back(std::make_unique<Watcher>(*health_stub_, kService));
  }
  for (const auto& watcher : watchers) EXPECT_EQ(watcher->Next(), HealthCheckResponse::SERVING);

  health_.Withdraw();

  for (const auto& watcher : watchers) EXPECT_EQ(watcher->Next(), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthTest, AWatcherOfAnUnknownServiceIsToldWhenItComes) {
  Watcher watcher(*health_stub_, "new.v1.Service");
  EXPECT_EQ(watcher.Next(), HealthCheckResponse::SERVICE_UNKNOWN);

  health_.Set("new.v1.Service", true);

  EXPECT_EQ(watcher.Next(), HealthCheckResponse::SERVING);
}

TEST_F(HealthTest, AWatcherThatLeftIsForgotten) {
  Watcher leaver(*health_stub_, kService);
  EXPECT_EQ(leaver.Next(), HealthCheckResponse::SERVING);
  Watcher stayer(*health_stub_, kService);
  EXPECT_EQ(stayer.Next(), HealthCheckResponse::SERVING);

  leaver.Leave();
  EXPECT_EQ(leaver.End().error_code(), grpc::StatusCode::CANCELLED);
  health_.Withdraw();

  EXPECT_EQ(stayer.Next(), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthTest, ChangesFasterThanAWatcherReadsEndInTheLastState) {
  // Its time ends the test, so it has enough to be told of the last state.
  Watcher watcher(*health_stub_, kService, std::chrono::seconds(3));
  EXPECT_EQ(watcher.Next(), HealthCheckResponse::SERVING);

  for (int i = 0; i < 1000; ++i) health_.Set(kService, i % 2 != 0);
  health_.Withdraw();

  auto last = HealthCheckResponse::UNKNOWN;
  for (auto state = watcher.Next(); state != HealthCheckResponse::UNKNOWN; state = watcher.Next()) {
    last = state;
  }
  EXPECT_EQ(last, HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(watcher.End().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(HealthTest, BytesThatAreNoRequestAreRefused) {
  EXPECT_EQ(SendNonsense("Check").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(SendNonsense("Watch").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(SendNonsense("List").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(HealthTest, CallsWithoutAMessageAreRefused) {
  for (const char* method : {"Check", "Watch"}) {
    EXPECT_EQ(SendNothing(std::string("/grpc.health.v1.Health/") + method).error_code(),
              grpc::StatusCode::UNIMPLEMENTED)
        << method;
  }
}

TEST_F(HealthTest, NamesThatNoServiceHasForTheirLengthAreRefused) {
  const std::string name(kMaxHealthServiceName, 'x');
  HealthCheckResponse response;
  EXPECT_EQ(Check(name, response).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Watcher(*health_stub_, name).Next(), HealthCheckResponse::SERVICE_UNKNOWN);

  EXPECT_EQ(Check(name + "x", response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  Watcher refused(*health_stub_, name + "x");
  EXPECT_EQ(refused.Next(), HealthCheckResponse::UNKNOWN);
  EXPECT_EQ(refused.End().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(HealthTest, WatchersDoNotKeepTheServerFromStopping) {
  Watcher watcher(*health_stub_, kService);
  EXPECT_EQ(watcher.Next(), HealthCheckResponse::SERVING);

  server_.Stop();

  EXPECT_EQ(watcher.Next(), HealthCheckResponse::UNKNOWN);
  EXPECT_FALSE(watcher.End().ok());
}

TEST_F(HealthTest, AMethodThatDoesNotExistIsUnimplemented) {
  EXPECT_EQ(SendNonsense("Nothing").error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

}  // namespace
}  // namespace balance
