// M187: replicas come and go, and what they log in and seal with is replaced, without a failed
// call.

#include <deque>
#include <thread>
#include <vector>

#include "tests/integration/fleet/fleet_fixture.h"

namespace balance {
namespace {

using sandbox::Side;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kOtherKey = "YWJjZGVmMDEyMzQ1Njc4OTAxMjM0NTY3ODlhYmNkZWY=";

class FleetReloadTest : public FleetTest {};

TEST_F(FleetReloadTest, M187_ReplicasAreReplacedOneAfterAnother) {
  ASSERT_NO_FATAL_FAILURE(StartFleet());
  ASSERT_TRUE(AreConnected());
  std::vector<Sighting> sightings;
  // Those of each replica, from its first call until it is told to stop.
  std::deque<FleetReaders> readers;
  const auto start_reading = [&] {
    readers.emplace_back(*members()[readers.size()], FleetReaders::How::kAsItIs);
  };
  const auto stop_reading = [&] {
    const auto seen = readers.front().Stop();
    EXPECT_THAT(readers.front().failures(), IsEmpty());
    ExpectNeverBack(seen);
    sightings.insert(sightings.end(), seen.begin(), seen.end());
    readers.pop_front();
  };
  for (int i = 0; i < 4; ++i) start_reading();
  std::this_thread::sleep_for(milliseconds(500));
  ResetCounters();
  const auto begun = std::chrono::steady_clock::now();

  for (int i = 0; i < 4; ++i) {
    AddMember();
    start_reading();
    std::this_thread::sleep_for(seconds(1));
    stop_reading();
    EXPECT_EQ(members().front()->process().Stop(), "exit 0");
    members().erase(members().begin());
  }

  const std::chrono::duration<double> ttls = std::chrono::steady_clock::now() - begun;
  // The last TTL is not whole.
  EXPECT_LE(static_cast<double>(Requests(Side::kPolymarket)), 1.2 * ttls.count() + 1);
  EXPECT_LE(static_cast<double>(Requests(Side::kPolysimulator)), 1.2 * ttls.count() + 1);
  while (!readers.empty()) stop_reading();
  ExpectSameEverywhere(sightings);
}

TEST_F(FleetReloadTest, M187_SealingKeysAreReplacedWithoutAnAlarm) {
  FleetSetup setup;
  setup.replicas = 2;
  ASSERT_NO_FATAL_FAILURE(StartFleet(setup));
  ASSERT_TRUE(AreConnected());
  const std::string old_key = files_.Path("sealing-key");
  const std::string new_key = files_.Write("new-key", kOtherKey);
  const auto yaml = [&](const std::string& key, const std::string& previous) {
    std::string text = FleetYaml();
    const std::string line = "sealing_key: {file: " + old_key + "}";
    text.replace(
        text.find(line), line.size(),
        "sealing_key: {file: " + key + "}\n  previous_sealing_key: {file: " + previous + "}");
    return text;
  };
  FleetReaders readers(members(), FleetReaders::How::kNeverBack);

  for (const auto& each : members()) each->Reload(yaml(old_key, new_key));
  for (const auto& each : members()) each->Reload(yaml(new_key, old_key));
  std::this_thread::sleep_for(seconds(2));
  readers.Stop();

  EXPECT_THAT(readers.failures(), IsEmpty());
  for (const auto& each : members()) {
    EXPECT_EQ(each->Metric("balance_fleet_bad_values_total{reason=\"NOT_OPENED\"}"), 0);
    EXPECT_THAT(each->process().Log(), Not(HasSubstr("takes effect at the next start")));
  }
}

TEST_F(FleetReloadTest, M187_WhatNeedsARestartIsSaid) {
  FleetSetup setup;
  setup.replicas = 1;
  ASSERT_NO_FATAL_FAILURE(StartFleet(setup));
  ASSERT_TRUE(AreConnected());
  setup_.has_fleet = false;

  member(0).Reload(FleetYaml());

  EXPECT_TRUE(Becomes([this] {
    return member(0).process().Log().find("the new fleet takes effect at the next start") !=
           std::string::npos;
  }));
  EXPECT_TRUE(member(0).IsConnected());
}

TEST_F(FleetReloadTest, M187_APasswordIsReplaced) {
  FleetSetup setup;
  setup.replicas = 2;
  files_.Write("redis-password", "old");
  ASSERT_NO_FATAL_FAILURE(StartFleet(setup));
  const auto with_password = [this] {
    std::string text = FleetYaml();
    const std::string before = ", operation_timeout";
    text.insert(text.find(before),
                ", username: balance, password: {file: " + files_.Path("redis-password") + "}");
    return text;
  };
  redis().Command({"ACL", "SETUSER", "balance", "on", ">old", "~bal:*", "&bal:*", "+@all"});
  for (const auto& each : members()) each->Reload(with_password());
  redis().Command({"ACL", "SETUSER", "default", "-@all", "+acl", "+client"});
  redis().Command({"CLIENT", "KILL", "TYPE", "normal"});
  ASSERT_TRUE(AreConnected());

  files_.Write("redis-password", "new");
  redis().Command({"ACL", "SETUSER", "balance", ">new"});
  for (const auto& each : members()) each->Reload(with_password());
  // Ends the connections that have logged in with it.
  redis().Command({"ACL", "SETUSER", "balance", "<old"});
  redis().Command({"CLIENT", "KILL", "TYPE", "normal"});

  EXPECT_TRUE(AreConnected());
  v1::SourceBalance first;
  v1::SourceBalance second;
  ASSERT_TRUE(member(0).Get(kPolymarketId, AtMost(milliseconds(0)), first).ok());
  v1::ReadPolicy policy;
  *policy.mutable_not_before() = first.freshness().observe_time();
  ASSERT_TRUE(member(1).Get(kPolymarketId, policy, second).ok());
  EXPECT_EQ(second.freshness().upstream_request_id(), first.freshness().upstream_request_id());
}

}  // namespace
}  // namespace balance
