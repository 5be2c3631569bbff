#include "service/server/grpc_log_writer.h"

#include <grpc/support/log.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>

#include "service/observe/line_budget.h"

namespace balance {
namespace {

class GrpcLogTest : public testing::Test {
 protected:
  GrpcLogTest() {
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(log_);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("", std::move(sink)));
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  }
  ~GrpcLogTest() override { spdlog::set_default_logger(before_); }

  const std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::ostringstream log_;
};

TEST_F(GrpcLogTest, AFloodOfLinesOfOnePlaceIsCut) {
  const GrpcLog routed(&WriteGrpcLogLine);
  const auto flood = [] { gpr_log(GPR_ERROR, "again"); };
  for (int i = 0; i < 1000; ++i) flood();
  gpr_log(GPR_ERROR, "another place");

  const std::string log = log_.str();
  EXPECT_GE(std::count(log.begin(), log.end(), '\n'), static_cast<int>(LineBudget::kBurst));
  EXPECT_LT(std::count(log.begin(), log.end(), '\n'), 60);
  EXPECT_NE(log.find("gRPC: another place"), std::string::npos);
}

}  // namespace
}  // namespace balance
