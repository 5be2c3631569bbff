#include "service/server/file_watcher.h"

#include <utility>

namespace balance {
namespace {

using std::chrono::steady_clock;

}  // namespace

FileWatcher::FileWatcher(FileStates read, std::function<void()> on_change, Options options)
    : on_change_(std::move(on_change)), options_(options), changes_(std::move(read)) {
  thread_ = std::thread([this] { Run(); });
}

FileWatcher::~FileWatcher() {
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
  }
  wake_.NotifyOne();
  thread_.join();
}

void FileWatcher::SetFiles(FileStates read) {
  const MutexLock lock(mutex_);
  changes_ = FileChanges(std::move(read));
}

void FileWatcher::Run() {
  auto last_call = steady_clock::now();
  const auto is_stopped = [this]() BALANCE_REQUIRES(mutex_) { return stopped_; };
  while (true) {
    {
      const MutexLock lock(mutex_);
      if (wake_.WaitFor(mutex_, options_.period, is_stopped)) return;
      const bool is_due = options_.repeat && steady_clock::now() - last_call >= *options_.repeat;
      if (!changes_.AreReady(StateOf) && !is_due) continue;
    }
    on_change_();
    last_call = steady_clock::now();
  }
}

}  // namespace balance
