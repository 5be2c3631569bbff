// Reflection, as each server of the process has it configured.

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

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

class ReflectionTest : public TlsServiceTest {
 protected:
  bool HasReflection() const {
    const auto channel = NewChannel(client_);
    const auto has = [&](const std::string& version) {
      return Call(channel,
                  "/grpc.reflection." + version + ".ServerReflection/ServerReflectionInfo") !=
             grpc::StatusCode::UNIMPLEMENTED;
    };
    EXPECT_EQ(has("v1"), has("v1alpha"));
    return has("v1");
  }
};

TEST_F(ReflectionTest, IsServedWithoutCallers) {
  Start();
  EXPECT_TRUE(HasReflection());
}

TEST_F(ReflectionTest, ConfiguredOffItIsNotServed) {
  Start("", "server: {reflection: false}\n");
  EXPECT_FALSE(HasReflection());
}

TEST_F(ReflectionTest, IsNotServedWithCallers) {
  Start("", "callers: [{id: bot, spiffe_id: 'spiffe://desk.example/bot', accounts: ['*']}]\n");
  EXPECT_FALSE(HasReflection());
}

TEST_F(ReflectionTest, AReloadTurnsItOffAndOnAtOnce) {
  Start();
  ASSERT_TRUE(HasReflection());

  ASSERT_TRUE(
      Reload("callers: [{id: bot, spiffe_id: 'spiffe://desk.example/bot', accounts: ['*']}]\n"));
  EXPECT_FALSE(HasReflection());

  ASSERT_TRUE(
      Reload("callers: [{id: bot, spiffe_id: 'spiffe://desk.example/bot', accounts: ['*']}]\n"
             "server: {reflection: true}\n"));
  EXPECT_TRUE(HasReflection());
}

TEST_F(ReflectionTest, AServerThatHasItGivesItToNoOther) {
  Start();
  const auto first = std::move(server_);
  Start("", "server: {reflection: false}\n");

  EXPECT_FALSE(HasReflection());
}

}  // namespace
}  // namespace balance
