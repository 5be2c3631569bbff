// Reflection and channelz, as each server of the process has them configured.

#include "service/server/debug_services.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/integration/tls/tls_fixture.h"

namespace balance {
namespace {

// The status of a call without a request's content, to whatever method.
grpc::StatusCode Call(const std::shared_ptr<grpc::Channel>& channel, const std::string& method) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
  const grpc::Slice nothing("");
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
  call->StartCall();
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  return status.error_code();
}

class DebugServicesTest : public TlsServiceTest {
 protected:
  bool HasReflection() const {
    return Has("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");
  }
  bool HasChannelz() const { return Has("/grpc.channelz.v1.Channelz/GetServers"); }

 private:
  bool Has(const std::string& method) const {
    return Call(NewChannel(client_), method) != grpc::StatusCode::UNIMPLEMENTED;
  }
};

TEST_F(DebugServicesTest, BothAreServedWithoutCallers) {
  Start();

  EXPECT_TRUE(HasReflection());
  EXPECT_TRUE(HasChannelz());
}

TEST_F(DebugServicesTest, WhatIsConfiguredOffIsNotServed) {
  Start("", "server: {reflection: false}\n");

  EXPECT_FALSE(HasReflection());
  EXPECT_TRUE(HasChannelz());
}

TEST_F(DebugServicesTest, NeitherIsServedWithCallers) {
  Start("", "callers: [{id: bot, spiffe_id: 'spiffe://desk.example/bot', accounts: ['*']}]\n");

  EXPECT_FALSE(HasReflection());
  EXPECT_FALSE(HasChannelz());
}

TEST_F(DebugServicesTest, AServerThatHasThemGivesThemToNoOther) {
  Start();
  const auto open = NewChannel(client_);
  const auto first = std::move(server_);
  Start("", "server: {reflection: false, channelz: false}\n");

  EXPECT_FALSE(HasReflection());
  EXPECT_FALSE(HasChannelz());
  EXPECT_NE(Call(open, "/grpc.channelz.v1.Channelz/GetServers"), grpc::StatusCode::UNIMPLEMENTED);
}

}  // namespace
}  // namespace balance
