#include "service/observe/open_metrics.h"

#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <limits>

namespace balance {
namespace {

class OpenMetricsTest : public testing::Test {
 protected:
  std::string Text() const { return OpenMetricsSerializer().Serialize(registry_.Collect()); }

  prometheus::Registry registry_;
};

TEST_F(OpenMetricsTest, NothingIsTheEndAlone) { EXPECT_EQ(Text(), "# EOF\n"); }

TEST_F(OpenMetricsTest, ACountersFamilyHasNoSuffixAndItsSamplesHave) {
  auto& calls = prometheus::BuildCounter().Name("calls_total").Help("Calls.").Register(registry_);
  calls.Add({{"method", "Get"}, {"code", "OK"}}).Increment(3);

  EXPECT_EQ(Text(),
            "# TYPE calls counter\n# HELP calls Calls.\n"
            "calls_total{code=\"OK\",method=\"Get\"} 3\n# EOF\n");
}

TEST_F(OpenMetricsTest, GaugesHaveAllThatANumberCanBe) {
  auto& gauge = prometheus::BuildGauge().Name("level").Register(registry_);
  gauge.Add({{"of", "a"}}).Set(-0.1);
  EXPECT_EQ(Text(), "# TYPE level gauge\nlevel{of=\"a\"} -0.1\n# EOF\n");

  gauge.Add({{"of", "a"}}).Set(std::numeric_limits<double>::infinity());
  EXPECT_EQ(Text(), "# TYPE level gauge\nlevel{of=\"a\"} +Inf\n# EOF\n");

  gauge.Add({{"of", "a"}}).Set(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(Text(), "# TYPE level gauge\nlevel{of=\"a\"} NaN\n# EOF\n");
}

TEST_F(OpenMetricsTest, BoundsOfBucketsAreCanonical) {
  auto& seconds = prometheus::BuildHistogram().Name("took_seconds").Register(registry_);
  seconds.Add({}, prometheus::Histogram::BucketBoundaries{0.00001, 0.0025, 1, 10}).Observe(2.5);

  EXPECT_EQ(Text(),
            "# TYPE took_seconds histogram\n"
            "took_seconds_bucket{le=\"1e-05\"} 0\n"
            "took_seconds_bucket{le=\"0.0025\"} 0\n"
            "took_seconds_bucket{le=\"1.0\"} 0\n"
            "took_seconds_bucket{le=\"10.0\"} 1\n"
            "took_seconds_bucket{le=\"+Inf\"} 1\n"
            "took_seconds_count 1\n"
            "took_seconds_sum 2.5\n# EOF\n");
}

TEST_F(OpenMetricsTest, TextIsEscaped) {
  auto& gauge =
      prometheus::BuildGauge().Name("level").Help("Says \"no\\yes\"\nor so.").Register(registry_);
  gauge.Add({{"of", "a\"b\\c\nd"}}).Set(1);

  EXPECT_EQ(Text(),
            "# TYPE level gauge\n# HELP level Says \\\"no\\\\yes\\\"\\nor so.\n"
            "level{of=\"a\\\"b\\\\c\\nd\"} 1\n# EOF\n");
}

}  // namespace
}  // namespace balance
