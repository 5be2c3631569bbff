#pragma once

// What is known of a source before it was ever read. Plain values, fixed while a configuration is
// in force.

#include <algorithm>
#include <boost/container/static_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

#include "clients/core/clock.h"

namespace balance {

// Number of a venue's value in balance.v1.SourceKind. Only the venue's own folder names it.
enum class SourceKind : std::int32_t {};

// A kind and what it is called in balance.v1 and in metrics.
struct NamedKind {
  SourceKind kind;
  std::string name;
};

enum class FundClass : std::uint8_t { kRealMoney, kSimulatedMoney };
enum class Measure : std::uint8_t { kCash, kAvailableToTrade, kEquity };
inline constexpr std::size_t kMeasureCount = 3;

// In the order in which they are told, none twice: no more than there are.
using Measures = boost::container::static_vector<Measure, kMeasureCount>;

// Cache settings of one source; see the configuration schema for meaning and defaults.
struct CacheSettings {
  Duration ttl;
  Duration stale_while_revalidate;
  Duration max_stale;
  Duration min_refresh_interval;

  friend bool operator==(const CacheSettings&, const CacheSettings&) = default;
};

// Whether the venue's own stream is followed; see the configuration schema.
struct PushSettings {
  bool enabled = false;
  // At least the TTL.
  Duration poll_interval{};

  friend bool operator==(const PushSettings&, const PushSettings&) = default;
};

// Rate budget of one credential. In no sliding second more than requests_per_second with burst 1,
// never more than requests_per_second + burst - 1.
struct RateSettings {
  // Lowest rate: one request in three hours. A lower one would give no balance worth the name, and
  // below 1e-10 or so the time between two requests would be beyond a Duration.
  static constexpr double kLeastPerSecond = 0.0001;
  static constexpr double kMostPerSecond = 1000;
  static constexpr int kMostBurst = 1000;

  double requests_per_second = 0;
  int burst = 1;

  friend bool operator==(const RateSettings&, const RateSettings&) = default;
};

// Budget of a credential about whose venue nothing else is known.
inline constexpr RateSettings kUsualRate{2, 2};

struct SourceInfo {
  // Ids, without collection names.
  std::string account;
  std::string source;
  SourceKind kind{};
  FundClass fund_class = FundClass::kRealMoney;
  // Equal pools are the same money.
  std::string pool;
  // What this kind of source can report.
  Measures measures;
  CacheSettings cache;
  RateSettings rate;
  PushSettings push = {};

  // How long a reading is FRESH at best: past that, `cache.max_stale` counts.
  Duration LongestFresh() const {
    return push.enabled ? std::max(push.poll_interval, cache.ttl) : cache.ttl;
  }

  friend bool operator==(const SourceInfo&, const SourceInfo&) = default;
};

}  // namespace balance
