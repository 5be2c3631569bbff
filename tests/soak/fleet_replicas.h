#pragma once

// The services of a fleet. One of them at a time is killed, stopped or frozen for a while.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/soak/ceiling_judge.h"
#include "tests/soak/service_process.h"

namespace balance {

// Used on one thread, but for addresses() and life().
class FleetReplicas {
 public:
  static constexpr std::size_t kCount = 4;
  // Makes the configuration of a replica that is to listen at an address.
  using YamlOf = std::function<std::string(const std::string& listen)>;

  // Starts them. Their files are in folders of their own in `folder`.
  FleetReplicas(std::string program, std::string folder, YamlOf yaml, std::uint64_t seed);
  FleetReplicas(const FleetReplicas&) = delete;
  FleetReplicas& operator=(const FleetReplicas&) = delete;
  ~FleetReplicas() { Thaw(); }

  // Address of each, as host:port. A replica that is started again has the same.
  const std::vector<std::string>& addresses() const { return addresses_; }

  // Changes when the replica's process ends or is started; the same while it is frozen.
  int life(std::size_t replica) const { return lives_[replica]; }

  // One step: trouble begins, or goes on, or ends, or there is none. Called at a steady pace.
  void Step();

  // Ends all trouble.
  void Calm();

  // Times in which a replica was new, and may have read before it reached what the fleet shares.
  const std::vector<CutOff>& cut_offs() const { return cut_offs_; }

  // Stops them all.
  void Stop();

  // Prints how much trouble there was and what memory each had in the end; whether there was any
  // trouble, and all that were asked to stop ended well.
  bool Judge() const;

 private:
  enum class Kind : std::uint8_t { kKilled, kStopped, kFrozen };

  static const char* NameOf(Kind kind);
  std::string FolderOf(std::size_t replica) const;
  void Start(std::size_t replica, const std::string& listen);
  void StopOne(std::size_t replica);
  void Begin(std::size_t replica, Kind kind);
  void End();
  // Lets the one that is frozen run on, if there is one.
  void Thaw();

  struct Trouble {
    std::size_t replica;
    Kind kind;
  };

  const std::string program_;
  const std::string folder_;
  const YamlOf yaml_;
  std::mt19937_64 random_;
  std::array<std::unique_ptr<ServiceProcess>, kCount> processes_;
  std::vector<std::string> addresses_;
  std::array<std::atomic<int>, kCount> lives_{};
  std::optional<Trouble> now_;
  // Until the trouble ends, or the next begins.
  int steps_left_;
  std::vector<CutOff> cut_offs_;
  std::map<Kind, int> count_;
  // Ends of those that were asked to stop, if not "exit 0".
  std::vector<std::string> bad_ends_;
  std::vector<long> resident_kib_;
};

}  // namespace balance
