#pragma once

// Notices that files have changed, however they were replaced: written over, renamed onto, removed,
// or reached through another link, as in Kubernetes, which swaps the directory `..data`.

#include <sys/types.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "clients/core/clock.h"

namespace balance {

// Looks at the files once a period, on a thread of its own. Thread-safe.
class FileWatcher {
 public:
  struct Options {
    Duration period = std::chrono::seconds(1);
    // Calls back this long after the last time although nothing changed, for what becomes right or
    // wrong with time alone. nullopt: never.
    std::optional<Duration> repeat;
  };

  // What changes after the constructor has returned is noticed, so who reads the files behind it
  // misses nothing. A file that is missing is no error: it changes when it comes.
  //
  // `on_change` is called on the watcher's thread, once for all that changed in a period. It may
  // call SetPaths().
  FileWatcher(const std::vector<std::string>& paths, std::function<void()> on_change,
              Options options);
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;
  // Waits for a call that is under way. REQUIRES: not from `on_change`.
  ~FileWatcher();

  // Watches these files instead. Of those that were watched before, no change is lost; the others
  // count as they are now.
  void SetPaths(const std::vector<std::string>& paths);

 private:
  // What tells two states of a file apart; nullopt: it cannot be reached.
  struct Identity {
    dev_t device;
    ino_t inode;
    off_t size;
    Duration modified;
    // Also tells of permissions taken away or given.
    Duration changed;

    friend bool operator==(const Identity&, const Identity&) = default;
  };
  using Identities = std::map<std::string, std::optional<Identity>>;

  static std::optional<Identity> Look(const std::string& path);
  void Run();
  // Looks at all files. REQUIRES: mutex_ is held.
  bool HaveChanged();

  const std::function<void()> on_change_;
  const Options options_;

  std::mutex mutex_;
  std::condition_variable wake_;
  // Both guarded by mutex_.
  bool stopped_ = false;
  Identities known_;

  std::thread thread_;
};

}  // namespace balance
