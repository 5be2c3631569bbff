#pragma once

// Several balance-service processes that share the logins of the sandbox's venues through a real
// Redis, and readers that remember what they were told.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "clients/core/mutex.h"
#include "tests/integration/matrix/matrix_fixture.h"
#include "tests/redis/redis_server.h"

namespace balance {

struct FleetSetup {
  int replicas = 4;
  std::string cache =
      "{ttl: 1s, stale_while_revalidate: 5s, max_stale: 60s, "
      "min_refresh_interval: 0.25s}";
  std::string rate = "requests_per_second: 4, burst: 2";
  // Of a machine that is busy.
  std::string operation_timeout = "0.5s";
  std::string attempt_timeout = "0.8s";
  std::string refresh_budget = "1s";
  // The first so many replicas reach Redis through redis_proxy(), the others directly.
  int replicas_behind_proxy = 0;
  // Whether the configuration has the fleet at all.
  bool has_fleet = true;
  // Added to the environment of each replica.
  std::function<std::vector<std::string>(int replica)> environment = nullptr;
};

// One replica. Used on one thread but for stub().
class FleetMember {
 public:
  FleetMember(const std::string& yaml, const std::vector<std::string>& environment);

  ServiceProcess& process() { return *process_; }
  v1::BalanceService::Stub& stub() const { return *stub_; }

  // The body of an admin page.
  std::string Page(const std::string& path) const;
  // The value of a series, with its labels as they are written; 0 if there is none.
  double Metric(const std::string& series) const;
  bool IsConnected() const { return Metric("balance_fleet_connected") == 1; }
  // Its name in the fleet; empty without one.
  const std::string& name() const { return name_; }
  v1::Source Source(const std::string& id) const;
  // Writes the configuration anew and has it read. Waits until it has been.
  void Reload(const std::string& yaml);

  // With `policy`, of desk-1.
  grpc::Status Get(const std::string& source, const v1::ReadPolicy& policy, v1::SourceBalance& out,
                   std::chrono::milliseconds timeout = std::chrono::seconds(5)) const;

 private:
  std::string ReadName() const;

  const TemporaryDirectory files_;
  std::unique_ptr<ServiceProcess> process_;
  std::unique_ptr<v1::BalanceService::Stub> stub_;
  std::string name_;
};

// What a reader was told of a source.
struct Sighting {
  int replica = 0;
  std::string source;
  std::chrono::sys_time<std::chrono::nanoseconds> observed;
  // When the answer was there, by this machine's clock.
  std::chrono::sys_time<std::chrono::nanoseconds> seen;
  // How long the call took.
  std::chrono::nanoseconds took{0};
  std::string cash;
  std::string request_id;
  v1::Freshness::Origin origin{};
};

// Read replicas without pause, each by a thread of its own.
class FleetReaders {
 public:
  enum class How : std::uint8_t {
    // Whatever the service answers.
    kAsItIs,
    // Each read asks for no older reading than any that was told before it.
    kNeverBack,
  };

  FleetReaders(const std::vector<std::unique_ptr<FleetMember>>& members, How how);
  // Of one replica alone, as number 0.
  FleetReaders(const FleetMember& member, How how);
  FleetReaders(const FleetReaders&) = delete;
  FleetReaders& operator=(const FleetReaders&) = delete;
  ~FleetReaders() { Stop(); }

  // Ends them; all that was seen, in order for each replica.
  std::vector<Sighting> Stop();
  // Every read without a figure.
  std::vector<std::string> failures() const;

 private:
  static std::map<std::string, std::atomic<std::int64_t>> NothingYet();
  void Start(int replica, const FleetMember& member, How how);
  void Run(int replica, const FleetMember& member, How how);
  void Note(int replica, const v1::SourceBalance& source, std::chrono::nanoseconds took);

  std::atomic<bool> is_stopped_ = false;
  // Newest observe time that was told of each source, in nanoseconds since 1970.
  std::map<std::string, std::atomic<std::int64_t>> newest_ = NothingYet();
  mutable Mutex mutex_;
  std::vector<Sighting> sightings_ BALANCE_GUARDED_BY(mutex_);
  std::vector<std::string> failures_ BALANCE_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

class FleetTest : public MatrixTest {
 protected:
  FleetTest();
  // Every replica that is left must end well.
  void TearDown() override;

  // Starts venues and replicas. Waits for those to reach Redis, if it is there.
  void StartFleet(const FleetSetup& setup = {});
  void AddMember();
  // Of a replica by its number: only the way to Redis differs.
  std::string FleetYaml(int replica = 0) const;
  bool AreConnected() const;

  std::vector<std::unique_ptr<FleetMember>>& members() { return members_; }
  FleetMember& member(std::size_t i) { return *members_.at(i); }
  RedisServer& redis() { return *redis_; }
  // REQUIRES: FleetSetup::replicas_behind_proxy.
  FaultProxy& redis_proxy() { return *redis_proxy_; }

  // Requests of the venue since its counters were reset.
  std::uint64_t Requests(sandbox::Side side);
  void ResetCounters();
  // Greatest number of requests in any sliding second.
  int MostInASecond(sandbox::Side side);
  // Index of the replica that reads the source's upstream for all at present.
  std::optional<std::size_t> HolderOf(const std::string& source);

  // A figure was held at some time from its observe time on, and seen before it was told.
  void ExpectTrue(const std::vector<Sighting>& sightings);
  // What was told of one reading is the same everywhere.
  static void ExpectSameEverywhere(const std::vector<Sighting>& sightings);
  // Of each replica and source.
  static void ExpectNeverBack(const std::vector<Sighting>& sightings);

  FleetSetup setup_;
  std::unique_ptr<RedisServer> redis_ = std::make_unique<RedisServer>();

 private:
  // Null: no replica needs it.
  std::unique_ptr<FaultProxy> redis_proxy_;
  std::vector<std::unique_ptr<FleetMember>> members_;
};

// A read that takes any age up to `age`.
v1::ReadPolicy AtMost(std::chrono::milliseconds age);

}  // namespace balance
