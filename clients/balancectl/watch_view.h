#pragma once

// What a stream of WatchAccountSnapshots has told so far, and how it looks on a terminal. Pure.

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "clients/balancectl/terminal_text.h"
#include "clients/balancectl/time_text.h"
#include "proto/balance_v1.h"

namespace balance::ctl {

// Used on one thread. Outlives connections: what is known stays until a new stream tells otherwise.
class WatchView {
 public:
  // For so long a change is marked.
  static constexpr std::chrono::seconds kMarked{3};

  // A stream begins: accounts that its initial state does not tell of are gone.
  void OnBegin();
  // A message that came at `now`, by this machine's clock.
  void Apply(const v1::WatchAccountSnapshotsResponse& message, WallTime now);
  // The connection is lost, or it was not there; `why` is one line.
  void OnLost(std::string why, WallTime now);

  // The initial state of some stream has come as a whole.
  bool is_complete_state() const { return has_initial_; }
  // How long the server may be silent, as it said.
  std::chrono::nanoseconds interval() const { return interval_; }

  // A table with a row for each source and currency, under a line that says when the server was
  // heard of last. Ages go by the server's clock.
  std::string Render(WallTime now, const std::string& server, const Canvas& canvas) const;

  // The result of ExitCodeOf() for all snapshots; kExitFailed if there was never a whole state.
  int ExitCode() const;

 private:
  struct Account {
    v1::AccountSnapshot snapshot;
    // When each source last changed, by this machine's clock; by its name.
    std::map<std::string, WallTime> changed;
    // The stream that runs has told of it.
    bool is_told = false;
  };

  void Apply(const v1::AccountSnapshot& snapshot, WallTime now);
  void Apply(const v1::WatchAccountSnapshotsResponse::Heartbeat& heartbeat);
  std::string HeadLine(WallTime now, const std::string& server, const Canvas& canvas) const;

  // The accounts by their names.
  std::map<std::string, Account> accounts_;
  bool has_initial_ = false;
  // Within the initial state of the stream that runs.
  bool is_initial_ = true;
  bool is_synced_ = false;
  std::chrono::nanoseconds interval_ = std::chrono::seconds(5);
  // How far the server's clock is ahead of this machine's.
  std::chrono::nanoseconds clock_ahead_{0};
  std::optional<WallTime> heard_;
  std::optional<WallTime> lost_;
  std::string why_lost_;
};

}  // namespace balance::ctl
