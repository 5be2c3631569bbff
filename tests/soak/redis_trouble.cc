#include "tests/soak/redis_trouble.h"

#include <array>
#include <cstdio>

namespace balance {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

// Steps between the end of one trouble and the next, and those that a trouble lasts.
constexpr unsigned kLeastPause = 15;
constexpr unsigned kMostPause = 80;
constexpr unsigned kMostLength = 20;

// After such a time every replica has noticed that Redis is of use again. Whoever reads only tries
// what a full or read-only one refused no sooner than ten seconds later.
constexpr seconds kBack{4};
constexpr seconds kBackFromRefusals{14};

}  // namespace

const char* RedisTrouble::NameOf(Kind kind) {
  switch (kind) {
    case Kind::kKilled:
      return "killed";
    case Kind::kFrozen:
      return "frozen";
    case Kind::kFull:
      return "full";
    case Kind::kReadOnly:
      return "read-only";
    case Kind::kConnectionsCut:
      return "connections cut";
    case Kind::kForgotten:
      return "all keys deleted";
    case Kind::kScriptsForgotten:
      return "scripts deleted";
    case Kind::kCopySaved:
      return "copy saved, to begin with after the next kill";
    case Kind::kForged:
      return "readings forged";
  }
  return "";
}

bool RedisTrouble::CutsOff(Kind kind) {
  switch (kind) {
    case Kind::kKilled:
    case Kind::kFrozen:
    case Kind::kFull:
    case Kind::kReadOnly:
    case Kind::kConnectionsCut:
      return true;
    case Kind::kForgotten:
    case Kind::kScriptsForgotten:
    case Kind::kCopySaved:
    case Kind::kForged:
      return false;
  }
  return false;
}

void RedisTrouble::Step() {
  if (steps_left_ > 0 && --steps_left_ > 0) return;
  if (now_) {
    End();
    steps_left_ = static_cast<int>(kLeastPause + random_() % (kMostPause - kLeastPause));
    return;
  }
  constexpr auto kLast = static_cast<unsigned>(Kind::kForged);
  Begin(static_cast<Kind>(random_() % (kLast + 1)));
  steps_left_ = static_cast<int>(1 + random_() % kMostLength);
}

void RedisTrouble::Begin(Kind kind) {
  now_ = kind;
  ++count_[kind];
  if (CutsOff(kind)) cut_offs_.push_back({system_clock::now(), WallTime::max(), replicas_});
  switch (kind) {
    case Kind::kKilled:
      redis_.Kill();
      return;
    case Kind::kFrozen:
      redis_.Freeze();
      return;
    case Kind::kFull:
      redis_.Command({"CONFIG", "SET", "maxmemory", "1"});
      return;
    case Kind::kReadOnly:
      // Of a primary that is not there.
      redis_.Command({"REPLICAOF", "127.0.0.1", "1"});
      return;
    case Kind::kConnectionsCut:
      redis_.Command({"CLIENT", "KILL", "TYPE", "pubsub"});
      redis_.Command({"CLIENT", "KILL", "TYPE", "normal"});
      return;
    case Kind::kForgotten:
      redis_.Command({"FLUSHALL"});
      return;
    case Kind::kScriptsForgotten:
      redis_.Command({"SCRIPT", "FLUSH"});
      return;
    case Kind::kCopySaved:
      redis_.Command({"SAVE"});
      return;
    case Kind::kForged:
      Forge();
      return;
  }
}

void RedisTrouble::Forge() {
  for (const RedisReply& key : redis_.Command({"KEYS", "bal:*:reading"}).elements) {
    redis_.Command({"HSET", key.text, "value", "forged"});
    redis_.Command({"PUBLISH", key.text.substr(0, key.text.rfind(':')) + ":channel", "forged"});
  }
}

void RedisTrouble::End() {
  const Kind kind = *now_;
  now_.reset();
  switch (kind) {
    case Kind::kKilled:
      redis_.Restart();
      break;
    case Kind::kFrozen:
      redis_.Thaw();
      break;
    case Kind::kFull:
      redis_.Command({"CONFIG", "SET", "maxmemory", "0"});
      break;
    case Kind::kReadOnly:
      redis_.Command({"REPLICAOF", "NO", "ONE"});
      break;
    case Kind::kConnectionsCut:
    case Kind::kForgotten:
    case Kind::kScriptsForgotten:
    case Kind::kCopySaved:
    case Kind::kForged:
      break;
  }
  if (!CutsOff(kind)) return;
  const bool refused = kind == Kind::kFull || kind == Kind::kReadOnly;
  cut_offs_.back().until = system_clock::now() + (refused ? kBackFromRefusals : kBack);
}

void RedisTrouble::Calm() {
  if (now_) End();
}

std::vector<CutOff> RedisTrouble::CutOffs() const { return cut_offs_; }

bool RedisTrouble::Judge() const {
  std::printf("Redis:");
  const char* before = " ";
  for (const auto& [kind, count] : count_) {
    std::printf("%s%d times %s", before, count, NameOf(kind));
    before = ", ";
  }
  std::printf("\n");
  return !count_.empty();
}

}  // namespace balance
