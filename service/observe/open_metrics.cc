#include "service/observe/open_metrics.h"

#include <array>
#include <charconv>
#include <cmath>
#include <ostream>
#include <string>
#include <string_view>

namespace balance {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::string_view kTotal = "_total";

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

// The bound of a bucket: a whole number has a fraction all the same.
std::string Bound(double value) {
  std::string text = Number(value);
  if (text.find_first_not_of("0123456789-") == std::string::npos) text += ".0";
  return text;
}

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

void WriteLabels(std::ostream& out, const ClientMetric& metric, std::string_view bound) {
  const char* separator = "{";
  for (const ClientMetric::Label& label : metric.label) {
    out << separator << label.name << "=\"" << Escaped(label.value) << '"';
    separator = ",";
  }
  if (!bound.empty()) {
    out << separator << "le=\"" << bound << '"';
    separator = ",";
  }
  if (*separator == ',') out << '}';
}

void WriteSample(std::ostream& out, std::string_view name, std::string_view suffix,
                 const ClientMetric& metric, double value, std::string_view bound = {}) {
  out << name << suffix;
  WriteLabels(out, metric, bound);
  out << ' ' << Number(value) << '\n';
}

void WriteHistogram(std::ostream& out, std::string_view name, const ClientMetric& metric) {
  const ClientMetric::Histogram& histogram = metric.histogram;
  for (const ClientMetric::Bucket& bucket : histogram.bucket) {
    WriteSample(out, name, "_bucket", metric, static_cast<double>(bucket.cumulative_count),
                Bound(bucket.upper_bound));
  }
  WriteSample(out, name, "_count", metric, static_cast<double>(histogram.sample_count));
  WriteSample(out, name, "_sum", metric, histogram.sample_sum);
}

void WriteFamily(std::ostream& out, const MetricFamily& family) {
  std::string_view name = family.name;
  const bool is_counter = family.type == MetricType::Counter;
  if (is_counter && name.ends_with(kTotal)) name.remove_suffix(kTotal.size());
  const char* type = is_counter                             ? "counter"
                     : family.type == MetricType::Histogram ? "histogram"
                                                            : "gauge";
  out << "# TYPE " << name << ' ' << type << '\n';
  if (!family.help.empty()) out << "# HELP " << name << ' ' << Escaped(family.help) << '\n';
  for (const ClientMetric& metric : family.metric) {
    if (family.type == MetricType::Histogram) {
      WriteHistogram(out, name, metric);
    } else if (is_counter) {
      WriteSample(out, name, kTotal, metric, metric.counter.value);
    } else {
      WriteSample(out, name, "", metric, metric.gauge.value);
    }
  }
}

}  // namespace

void OpenMetricsSerializer::Serialize(std::ostream& out,
                                      const std::vector<MetricFamily>& families) const {
  for (const MetricFamily& family : families) WriteFamily(out, family);
  out << "# EOF\n";
}

}  // namespace balance
