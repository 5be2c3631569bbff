// Reflection and channelz, as each server of the process has them configured.

#include "service/server/debug_services.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <initializer_list>
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

// A plugin of some name.
class NamedPlugin final : public grpc::ServerBuilderPlugin {
 public:
  explicit NamedPlugin(std::string name) : name_(std::move(name)) {}
  std::string name() override { return name_; }
  void InitServer(grpc::ServerInitializer*) override {}
  void Finish(grpc::ServerInitializer*) override {}
  void ChangeArguments(const std::string&, void*) override {}

 private:
  const std::string name_;
};

std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>> Plugins(
    std::initializer_list<const char*> names) {
  std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>> plugins;
  for (const char* name : names) plugins.push_back(std::make_unique<NamedPlugin>(name));
  return plugins;
}

TEST(DebugServicePluginsTest, APluginOfAnotherNameIsNotLetInAndTold) {
  for (const bool reflection : {true, false}) {
    DebugServices services(reflection, true);
    auto plugins = Plugins({"reflection_v2", "channelz_service"});

    services.UpdatePlugins(&plugins);

    EXPECT_TRUE(plugins.empty());
    EXPECT_THAT(*services.missing(), testing::ElementsAre("proto_server_reflection"));
  }
}

TEST(DebugServicePluginsTest, PluginsOfTheKnownNamesAreLetInAsConfigured) {
  DebugServices services(false, true);
  auto plugins = Plugins({"another", "proto_server_reflection", "channelz_service"});

  services.UpdatePlugins(&plugins);

  ASSERT_EQ(plugins.size(), 2U);
  EXPECT_EQ(plugins[0]->name(), "another");
  EXPECT_EQ(plugins[1]->name(), "channelz_service");
  EXPECT_TRUE(services.missing()->empty());
}

}  // namespace
}  // namespace balance
