#include "service/server/server_limits.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ServerLimitsTest : public testing::Test {
 protected:
  void Serve(Duration max_connection_age) {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    ApplyServerLimits(builder, max_connection_age);
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    server_ = builder.BuildAndStart();
    channel_ = grpc::CreateChannel("127.0.0.1:" + std::to_string(port_),
                                   grpc::InsecureChannelCredentials());
    ASSERT_TRUE(channel_->WaitForConnected(std::chrono::system_clock::now() + seconds(10)));
  }

  bool IsDisconnectedWithin(milliseconds patience) {
    return channel_->WaitForStateChange(GRPC_CHANNEL_READY,
                                        std::chrono::system_clock::now() + patience);
  }

  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(ServerLimitsTest, AConnectionEndsAtItsAge) {
  ASSERT_NO_FATAL_FAILURE(Serve(milliseconds(200)));

  EXPECT_TRUE(IsDisconnectedWithin(seconds(10)));
}

TEST_F(ServerLimitsTest, AConnectionLivesUntilThen) {
  ASSERT_NO_FATAL_FAILURE(Serve(seconds(300)));

  EXPECT_FALSE(IsDisconnectedWithin(seconds(1)));
}

}  // namespace
}  // namespace balance
