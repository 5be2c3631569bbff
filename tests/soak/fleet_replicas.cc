#include "tests/soak/fleet_replicas.h"

#include <signal.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <utility>

namespace balance {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

// Steps between the end of one trouble and the next: clients find a replica that is back within two
// seconds or so. And those that a trouble lasts, shorter by far than the callers' patience.
constexpr unsigned kLeastGap = 20;
constexpr unsigned kMostGap = 60;
constexpr unsigned kMostSteps = 10;

// Within this a new replica has reached Redis.
constexpr seconds kReached{2};

// Addresses of the replicas: hosts that nobody else uses, so that their ports stay free meanwhile.
std::string HostOf(std::size_t replica) { return "127.0.50." + std::to_string(replica + 1); }

}  // namespace

const char* FleetReplicas::NameOf(Kind kind) {
  switch (kind) {
    case Kind::kKilled:
      return "killed";
    case Kind::kStopped:
      return "stopped";
    case Kind::kFrozen:
      return "frozen";
  }
  return "";
}

FleetReplicas::FleetReplicas(std::string program, std::string folder, YamlOf yaml,
                             std::uint64_t seed)
    : program_(std::move(program)),
      folder_(std::move(folder)),
      yaml_(std::move(yaml)),
      random_(seed),
      steps_left_(kMostGap) {
  for (std::size_t i = 0; i < kCount; ++i) {
    std::filesystem::create_directory(FolderOf(i));
    Start(i, HostOf(i) + ":0");
    addresses_.push_back(processes_[i]->address());
  }
}

std::string FleetReplicas::FolderOf(std::size_t replica) const {
  return folder_ + "/replica-" + std::to_string(replica);
}

void FleetReplicas::Start(std::size_t replica, const std::string& listen) {
  const WallTime begun = system_clock::now();
  processes_[replica] =
      std::make_unique<ServiceProcess>(program_, FolderOf(replica), yaml_(listen));
  ++lives_[replica];
  cut_offs_.push_back({begun, system_clock::now() + kReached, 1});
}

void FleetReplicas::StopOne(std::size_t replica) {
  ++lives_[replica];
  const std::string end = processes_[replica]->Stop();
  if (end != "exit 0") bad_ends_.push_back(addresses_[replica] + " ended with " + end);
}

void FleetReplicas::Step() {
  if (steps_left_ > 0 && --steps_left_ > 0) return;
  if (now_) {
    End();
    steps_left_ = static_cast<int>(kLeastGap + random_() % (kMostGap - kLeastGap));
    return;
  }
  Begin(random_() % kCount, static_cast<Kind>(random_() % 3));
  steps_left_ = static_cast<int>(1 + random_() % kMostSteps);
}

void FleetReplicas::Begin(std::size_t replica, Kind kind) {
  now_ = Trouble{replica, kind};
  ++count_[kind];
  switch (kind) {
    case Kind::kKilled:
      ++lives_[replica];
      processes_[replica]->Kill();
      return;
    case Kind::kStopped:
      StopOne(replica);
      return;
    case Kind::kFrozen:
      processes_[replica]->Signal(SIGSTOP);
      return;
  }
}

void FleetReplicas::End() {
  Thaw();
  if (!now_) return;
  const std::size_t replica = now_->replica;
  now_.reset();
  Start(replica, addresses_[replica]);
}

void FleetReplicas::Thaw() {
  if (!now_ || now_->kind != Kind::kFrozen) return;
  processes_[now_->replica]->Signal(SIGCONT);
  now_.reset();
}

void FleetReplicas::Calm() {
  if (now_) End();
}

void FleetReplicas::Stop() {
  Calm();
  for (std::size_t i = 0; i < kCount; ++i) {
    resident_kib_.push_back(processes_[i]->ResidentKib());
    StopOne(i);
  }
}

bool FleetReplicas::Judge() const {
  std::printf("replicas:");
  const char* before = " ";
  for (const auto& [kind, count] : count_) {
    std::printf("%s%d times one %s", before, count, NameOf(kind));
    before = ", ";
  }
  std::printf("; memory in the end:");
  for (const long kib : resident_kib_) std::printf(" %ld", kib);
  std::printf(" KiB\n");
  for (const std::string& end : bad_ends_) std::printf("  %s\n", end.c_str());
  return !count_.empty() && bad_ends_.empty();
}

}  // namespace balance
