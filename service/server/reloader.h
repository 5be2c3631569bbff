#pragma once

// Takes over a changed configuration while the server runs: all of it or nothing.

#include <functional>
#include <string>
#include <vector>

#include "service/config/load_config.h"
#include "service/server/balance_server.h"
#include "service/server/file_watcher.h"

namespace balance {

// The first problem, for one line of a log, and how to see the rest.
std::string Summary(const std::vector<ConfigIssue>& issues);

// Writes what is hardly meant to the log.
void LogWarnings(const Config& config);

// Used on one thread at a time.
class Reloader {
 public:
  // Like ReloadConfig(), with the files set.
  using Load = std::function<ConfigResult(const InForce& in_force, FileStates& files)>;

  // `files` are those that the present configuration depends on, as they were before they were
  // read. When one of them changes, `on_change` is called on another thread; it shall see to it
  // that Reload() is called. `server` must outlive the reloader.
  Reloader(BalanceServer& server, Load load, FileStates files, std::function<void()> on_change);

  // Loads anew. A good configuration is served from now on; with a bad one all stays as it was.
  // Logs what happened and counts it. Returns whether it was good.
  bool Reload();

 private:
  BalanceServer& server_;
  const Load load_;
  FileWatcher watcher_;
};

}  // namespace balance
