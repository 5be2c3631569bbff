#pragma once

// State that streams of WatchAccountSnapshots have told so far, and its picture on a terminal.
// Pure.

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "clients/balancectl/terminal_text.h"
#include "clients/balancectl/time_text.h"
#include "proto/balance_v1.h"

namespace balance::ctl {

// Used on one thread. Outlives connections: what is known stays until a new stream tells otherwise,
// and of each source the newer reading is kept, for the new stream may be of a server that knows
// less.
class WatchView {
 public:
  // How long a change stays marked on the screen.
  static constexpr std::chrono::seconds kMarked{3};

  // A stream begins: accounts that its initial state does not tell of are gone.
  void OnBegin();
  // A message that came at `now`, by this machine's clock.
  void Apply(const v1::WatchAccountSnapshotsResponse& message, WallTime now);
  // The connection is lost, or it was not there; `why` is one line.
  void OnLost(std::string why, WallTime now);

  // The initial state of some stream has come as a whole.
  bool is_complete_state() const { return has_initial_; }
  // The snapshot that is shown of an account; null if the account is not known. Valid until the
  // next message.
  const v1::AccountSnapshot* Find(const std::string& account) const;
  // Interval of the server's heartbeats, as it announced, or the default before it did.
  std::chrono::nanoseconds interval() const { return interval_; }

  // A table with a row for each source and currency, under a line that says when the server was
  // heard of last. Ages go by the server's clock.
  std::string Render(WallTime now, const std::string& server, const Canvas& canvas) const;

  // The result of ExitCodeOf() for all snapshots; kExitFailed if there was never a whole state.
  int ExitCode() const;

 private:
  struct Account {
    v1::AccountSnapshot snapshot;
    // The newest snapshot that the stream that runs has sent.
    v1::AccountSnapshot told;
    // Sources whose reading in `snapshot` is of an earlier stream, by name.
    std::set<std::string> kept;
    // Time of the latest change of each source on this machine's clock, indexed by the source's
    // name.
    std::map<std::string, WallTime> changed;
    // True if the stream that runs has told of the account.
    bool is_told = false;
  };

  void Apply(const v1::AccountSnapshot& snapshot, WallTime now);
  void Apply(const v1::WatchAccountSnapshotsResponse::Heartbeat& heartbeat);
  void Apply(const v1::WatchAccountSnapshotsResponse::SourceProgress& progress);
  // True if `told`, from the stream that runs, must not replace `kept`, the newer reading of an
  // earlier stream.
  bool IsOlder(const v1::SourceBalance& told, const v1::SourceBalance& kept) const;
  // Shows what the stream that runs has told of the sources that it has tried.
  static void TakeUnread(Account& account);
  std::string HeadLine(WallTime now, const std::string& server, const Canvas& canvas) const;

  // The accounts by their names.
  std::map<std::string, Account> accounts_;
  bool has_initial_ = false;
  // True while the stream that runs still sends its initial state.
  bool is_initial_ = true;
  bool is_synced_ = false;
  std::chrono::nanoseconds interval_ = std::chrono::seconds(5);
  // Time by which the server's clock is ahead of this machine's; negative if it is behind.
  std::chrono::nanoseconds clock_ahead_{0};
  std::optional<WallTime> heard_;
  std::optional<WallTime> lost_;
  std::string why_lost_;
};

}  // namespace balance::ctl
