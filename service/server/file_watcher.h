#pragma once

// Notices that files have changed, and waits until they rest.

#include <functional>
#include <optional>
#include <thread>

#include "clients/core/clock.h"
#include "clients/core/mutex.h"
#include "service/server/file_changes.h"

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

  // `read` says how the files were before they were read: what changed since is noticed as well. A
  // file that is missing is no error: it changes when it comes.
  //
  // `on_change` is called on the watcher's thread, once for all that changed, when none has changed
  // for a period. It may call SetFiles().
  FileWatcher(FileStates read, std::function<void()> on_change, Options options);
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;
  // Waits for a call that is under way. REQUIRES: not from `on_change`.
  ~FileWatcher();

  // Watches these files instead; as for the constructor.
  void SetFiles(FileStates read);

 private:
  void Run();

  const std::function<void()> on_change_;
  const Options options_;

  Mutex mutex_;
  ConditionVariable wake_;
  bool stopped_ BALANCE_GUARDED_BY(mutex_) = false;
  FileChanges changes_ BALANCE_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace balance
