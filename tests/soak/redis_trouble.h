#pragma once

// Random trouble at the Redis that a fleet shares.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/redis/redis_server.h"
#include "tests/soak/ceiling_judge.h"

namespace balance {

// Used on one thread.
class RedisTrouble {
 public:
  // The Redis must outlive it. All `replicas` use it.
  RedisTrouble(RedisServer& redis, int replicas, std::uint64_t seed)
      : redis_(redis), replicas_(replicas), random_(seed) {}

  // One step: trouble begins, or goes on, or ends, or there is none. Called at a steady pace.
  void Step();

  // Ends all trouble.
  void Calm();

  // Times in which replicas may not have been able to use Redis, until they have come back to it.
  std::vector<CutOff> CutOffs() const;

  // Prints how much there was of what; whether there was any.
  bool Judge() const;

 private:
  enum class Kind : std::uint8_t {
    // These last for a while.
    kKilled,
    kFrozen,
    kFull,
    kReadOnly,
    // These are over at once.
    kConnectionsCut,
    kForgotten,
    kScriptsForgotten,
    kCopySaved,
    kForged,
  };

  static const char* NameOf(Kind kind);
  // Whether replicas may be unable to use Redis because of it.
  static bool CutsOff(Kind kind);

  void Begin(Kind kind);
  void End();
  void Forge();

  RedisServer& redis_;
  const int replicas_;
  std::mt19937_64 random_;
  std::optional<Kind> now_;
  // Until the trouble ends, or the next begins.
  int steps_left_ = 0;
  // The last one has no end while its trouble lasts.
  std::vector<CutOff> cut_offs_;
  std::map<Kind, int> count_;
};

}  // namespace balance
