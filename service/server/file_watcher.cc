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
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void FileWatcher::SetFiles(FileStates read) {
  const std::lock_guard lock(mutex_);
  changes_ = FileChanges(std::move(read));
}

void FileWatcher::Run() {
  auto last_call = steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, options_.period, [this] { return stopped_; })) {
    const bool is_due = options_.repeat && steady_clock::now() - last_call >= *options_.repeat;
    if (!changes_.AreReady(StateOf) && !is_due) continue;
    lock.unlock();
    on_change_();
    last_call = steady_clock::now();
    lock.lock();
  }
}

}  // namespace balance
