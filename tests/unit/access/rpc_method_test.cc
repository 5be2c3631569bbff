#include "service/access/rpc_method.h"

#include <gtest/gtest.h>

#include "proto/balance_v1.h"

namespace balance {
namespace {

TEST(RpcMethodTest, NamesAreThoseOfTheService) {
  const auto* service = v1::AccountSnapshot::descriptor()->file()->service(0);

  EXPECT_EQ(service->full_name(), kBalanceServiceName);
  ASSERT_EQ(service->method_count(), kRpcMethodCount);
  for (int i = 0; i < service->method_count(); ++i) {
    const auto method = RpcMethodOf(service->method(i)->name());
    ASSERT_TRUE(method) << service->method(i)->name();
    EXPECT_EQ(NameOf(*method), service->method(i)->name());
  }
}

TEST(RpcMethodTest, OtherNamesAreNoMethods) {
  EXPECT_FALSE(RpcMethodOf(""));
  EXPECT_FALSE(RpcMethodOf("getAccountSnapshot"));
}

}  // namespace
}  // namespace balance
