#include "service/rpc/watch_request.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(WatchRequestTest, DefaultsAreThoseOfTheContract) {
  const auto checked = WatchRequest::Check({});

  ASSERT_TRUE(checked);
  EXPECT_EQ(checked->detail, EncodeView::kBasic);
  EXPECT_EQ(checked->max_age, std::nullopt);
  EXPECT_EQ(checked->heartbeat_interval, seconds(5));
  EXPECT_EQ(checked->min_interval, Duration::zero());
}

TEST(WatchRequestTest, IntervalsAreClamped) {
  v1::WatchAccountSnapshotsRequest request;
  request.mutable_heartbeat_interval()->set_nanos(1);
  EXPECT_EQ(WatchRequest::Check(request)->heartbeat_interval, milliseconds(500));
  request.mutable_heartbeat_interval()->set_seconds(315'576'000'000);
  request.mutable_min_interval()->set_seconds(61);

  EXPECT_EQ(WatchRequest::Check(request)->heartbeat_interval, seconds(60));
  EXPECT_EQ(WatchRequest::Check(request)->min_interval, seconds(60));
}

TEST(WatchRequestTest, NegativeDurationsAreRefusedByName) {
  for (const char* field : {"max_age", "heartbeat_interval", "min_interval"}) {
    v1::WatchAccountSnapshotsRequest request;
    const auto* descriptor = request.GetDescriptor()->FindFieldByName(field);
    auto* duration = request.GetReflection()->MutableMessage(&request, descriptor);
    static_cast<google::protobuf::Duration*>(duration)->set_seconds(-1);

    const auto checked = WatchRequest::Check(request);

    ASSERT_FALSE(checked) << field;
    EXPECT_EQ(checked.error().code, StatusCode::kInvalidArgument);
    EXPECT_EQ(checked.error().reason, reason::kInvalidWatch);
    EXPECT_EQ(checked.error().field, field);
  }
}

TEST(WatchRequestTest, NamesAreAtMostAThousandAndNoneTwice) {
  v1::WatchAccountSnapshotsRequest request;
  for (int i = 0; i < 1000; ++i) request.add_names("accounts/desk-" + std::to_string(i));
  EXPECT_TRUE(WatchRequest::Check(request));
  request.add_names("accounts/one-too-many");
  EXPECT_EQ(WatchRequest::Check(request).error().reason, reason::kInvalidBatch);

  request.Clear();
  request.add_names("accounts/desk-1");
  request.add_names("accounts/desk-1");
  EXPECT_EQ(WatchRequest::Check(request).error().reason, reason::kInvalidBatch);
}

TEST(WatchRequestTest, APolicyOfAnOldClientIsIgnored) {
  v1::BatchGetAccountSnapshotsRequest old;
  old.add_names("accounts/desk-1");
  old.mutable_policy()->mutable_max_age()->set_seconds(-5);
  v1::WatchAccountSnapshotsRequest request;

  ASSERT_TRUE(request.ParseFromString(old.SerializeAsString()));

  EXPECT_TRUE(WatchRequest::Check(request));
  EXPECT_EQ(request.names(0), "accounts/desk-1");
}

TEST(WatchRequestTest, TheOtherFieldsAreCheckedAsInOtherRequests) {
  v1::WatchAccountSnapshotsRequest request;
  request.set_view(static_cast<v1::BalanceView>(9));
  EXPECT_EQ(WatchRequest::Check(request).error().reason, reason::kInvalidView);
  request.Clear();
  request.set_fund_class(static_cast<v1::FundClass>(9));
  EXPECT_EQ(WatchRequest::Check(request).error().reason, reason::kInvalidFundClass);
  request.Clear();
  request.add_sources("no name");
  EXPECT_EQ(WatchRequest::Check(request).error().reason, reason::kInvalidReadPolicy);
}

}  // namespace
}  // namespace balance
