// M55: probes and scrapes need no certificate, and their port opens nothing else.

#include <gmock/gmock.h>

#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/integration/tls/tls_fixture.h"

namespace balance {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class SeparatePortsTest : public TlsServiceTest {
 protected:
  std::shared_ptr<grpc::Channel> AdminChannel(
      const std::shared_ptr<grpc::ChannelCredentials>& credentials) const {
    return grpc::CreateChannel(server_->admin_address(), credentials);
  }
};

TEST_F(SeparatePortsTest, M55_AnRpcOnTheAdminPortReachesNoHandler) {
  Start();
  const auto credentials = {
      grpc::InsecureChannelCredentials(),
      grpc::SslCredentials({ca_.cert_pem(), client_.key_pem, client_.cert_pem})};

  for (const auto& chosen : credentials) {
    const auto channel = AdminChannel(chosen);
    EXPECT_FALSE(ListSources(*channel).ok());
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckResponse health;
    EXPECT_FALSE(grpc::health::v1::Health::NewStub(channel)->Check(&context, {}, &health).ok());
  }

  EXPECT_EQ(CallsStarted(), 0);
}

TEST_F(SeparatePortsTest, M55_ProbesAndMetricsNeedNoCertificate) {
  Start();

  for (const char* page : {"/healthz", "/readyz", "/metrics", "/statusz"}) {
    EXPECT_THAT(HttpGet(server_->admin_address(), page), StartsWith("HTTP/1.1 200 ")) << page;
  }
}

TEST_F(SeparatePortsTest, M55_TheAdminPortHasNoPathsOfTheApi) {
  Start();

  for (const char* path : {"/balance.v1.BalanceService", "/balance.v1.BalanceService/ListSources",
                           "/grpc.health.v1.Health/Check"}) {
    EXPECT_THAT(HttpGet(server_->admin_address(), path), HasSubstr(" 404 ")) << path;
  }
}

}  // namespace
}  // namespace balance
