#include "clients/balancectl/rpc_error.h"

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace balance::ctl {
namespace {

constexpr char kServer[] = "127.0.0.1:50051";

google::rpc::ErrorInfo Info(const std::string& reason) {
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("balance.v1");
  return info;
}

TEST(RpcErrorTest, NamesReasonSourceAndRetryDelay) {
  google::rpc::ErrorInfo info = Info("SOURCE_RATE_LIMITED");
  (*info.mutable_metadata())["source"] = "accounts/desk-1/sources/pm";
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(2);
  retry.mutable_retry_delay()->set_nanos(500'000'000);
  google::rpc::Status details;
  details.add_details()->PackFrom(retry);
  details.add_details()->PackFrom(info);
  const grpc::Status status(grpc::StatusCode::UNAVAILABLE, "The upstream asked to wait.",
                            details.SerializeAsString());

  EXPECT_EQ(DescribeRpcError(status, kServer),
            "UNAVAILABLE (SOURCE_RATE_LIMITED): The upstream asked to wait. "
            "[source=accounts/desk-1/sources/pm, retry in 2.5s]");
}

TEST(RpcErrorTest, NamesTheFieldsThatAreWrong) {
  google::rpc::BadRequest bad;
  auto& violation = *bad.add_field_violations();
  violation.set_field("policy.max_age");
  violation.set_description("must not be negative");
  google::rpc::Status details;
  details.add_details()->PackFrom(Info("INVALID_READ_POLICY"));
  details.add_details()->PackFrom(bad);
  const grpc::Status status(grpc::StatusCode::INVALID_ARGUMENT, "Bad policy.",
                            details.SerializeAsString());

  EXPECT_EQ(DescribeRpcError(status, kServer),
            "INVALID_ARGUMENT (INVALID_READ_POLICY): Bad policy. "
            "[policy.max_age: must not be negative]");
}

TEST(RpcErrorTest, WithoutDetailsNamesTheServer) {
  const grpc::Status status(grpc::StatusCode::UNAVAILABLE, "failed to connect");

  EXPECT_EQ(DescribeRpcError(status, kServer),
            "UNAVAILABLE: failed to connect [server=127.0.0.1:50051]");
}

TEST(RpcErrorTest, UnreadableDetailsAreNoDetails) {
  const grpc::Status status(grpc::StatusCode::INTERNAL, "oops", "\xff\xff\xff");

  EXPECT_EQ(DescribeRpcError(status, kServer), "INTERNAL: oops [server=127.0.0.1:50051]");
}

TEST(RpcErrorTest, IsOneHarmlessLine) {
  google::rpc::Status details;
  details.add_details()->PackFrom(Info("A\nB"));
  const grpc::Status status(grpc::StatusCode::NOT_FOUND, "two\nlines\x1b[2J",
                            details.SerializeAsString());

  EXPECT_EQ(DescribeRpcError(status, kServer), "NOT_FOUND (A\\x0aB): two\\x0alines\\x1b[2J");
}

TEST(RpcErrorTest, UnknownCodeIsNamedUnknown) {
  const grpc::Status status(static_cast<grpc::StatusCode>(20), "odd");

  EXPECT_EQ(DescribeRpcError(status, kServer), "UNKNOWN: odd [server=127.0.0.1:50051]");
}

}  // namespace
}  // namespace balance::ctl
