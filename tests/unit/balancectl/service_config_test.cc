#include "clients/balancectl/service_config.h"

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/support/validate_service_config.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "proto/balance_v1.h"

namespace balance::ctl {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::SizeIs;

Struct Parsed() {
  Struct config;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(PublishedServiceConfig(), &config).ok());
  return config;
}

const Value& At(const Struct& object, const std::string& key) {
  static const Value kNone;
  const auto found = object.fields().find(key);
  return found == object.fields().end() ? kNone : found->second;
}

TEST(ServiceConfigTest, BalancectlUsesThePublishedFile) {
  std::ifstream file(SERVICE_CONFIG_FILE);
  const std::string content(std::istreambuf_iterator<char>(file), {});

  EXPECT_FALSE(content.empty());
  EXPECT_EQ(PublishedServiceConfig(), content);
}

TEST(ServiceConfigTest, GrpcAcceptsIt) {
  EXPECT_EQ(grpc::experimental::ValidateServiceConfigJSON(PublishedServiceConfig()), "");
}

TEST(ServiceConfigTest, ItRetriesEveryMethodOfTheService) {
  const auto* service =
      v1::AccountSnapshot::descriptor()->file()->FindServiceByName("BalanceService");
  ASSERT_NE(service, nullptr);
  std::vector<std::string> methods;
  for (int i = 0; i < service->method_count(); ++i) {
    methods.push_back(service->full_name() + "/" + service->method(i)->name());
  }

  const Struct config = Parsed();
  const auto& method_configs = At(config, "methodConfig").list_value().values();
  std::vector<std::string> named;
  for (const Value& method_config : method_configs) {
    const Struct& fields = method_config.struct_value();
    for (const Value& name : At(fields, "name").list_value().values()) {
      named.push_back(At(name.struct_value(), "service").string_value() + "/" +
                      At(name.struct_value(), "method").string_value());
    }
    const Struct& retries = At(fields, "retryPolicy").struct_value();
    std::vector<std::string> codes;
    for (const Value& code : At(retries, "retryableStatusCodes").list_value().values()) {
      codes.push_back(code.string_value());
    }
    EXPECT_THAT(codes, ElementsAre("UNAVAILABLE", "CANCELLED"));
    // gRPC takes more for five.
    EXPECT_EQ(At(retries, "maxAttempts").number_value(), 5);
  }
  EXPECT_THAT(named, ElementsAreArray(methods));
}

TEST(ServiceConfigTest, AStreamHasNoTimeout) {
  const Struct config = Parsed();
  const auto& method_configs = At(config, "methodConfig").list_value().values();
  ASSERT_THAT(method_configs, SizeIs(2));

  EXPECT_TRUE(method_configs[0].struct_value().fields().contains("timeout"));
  EXPECT_FALSE(method_configs[1].struct_value().fields().contains("timeout"));
}

TEST(ServiceConfigTest, ItSpreadsCallsOverTheServersThatSayTheyServe) {
  const Struct config = Parsed();
  const auto& policies = At(config, "loadBalancingConfig").list_value().values();

  ASSERT_THAT(policies, SizeIs(1));
  EXPECT_TRUE(policies[0].struct_value().fields().contains("round_robin"));
  EXPECT_EQ(
      At(At(config, "healthCheckConfig").struct_value(), "serviceName").string_value(),
      v1::AccountSnapshot::descriptor()->file()->FindServiceByName("BalanceService")->full_name());
}

}  // namespace
}  // namespace balance::ctl
