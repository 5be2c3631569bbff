#pragma once

// The OpenMetrics text format, version 1.0.0, which prometheus-cpp does not write.

#include <prometheus/serializer.h>

#include <iosfwd>
#include <vector>

namespace balance {

// Differs from the Prometheus text format in that a counter's family is named without `_total`,
// bounds of buckets are written as canonical numbers ("1.0"), and the end is marked: a scrape that
// was cut off is told from a whole one. Thread-safe.
class OpenMetricsSerializer final : public prometheus::Serializer {
 public:
  using Serializer::Serialize;
  // REQUIRES: counters, whose names end with `_total`, gauges and histograms only.
  void Serialize(std::ostream& out,
                 const std::vector<prometheus::MetricFamily>& families) const override;
};

}  // namespace balance
