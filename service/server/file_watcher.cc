#include "service/server/file_watcher.h"

#include <sys/stat.h>

#include <utility>

namespace balance {
namespace {

using std::chrono::steady_clock;

Duration ToDuration(const timespec& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

FileWatcher::FileWatcher(const std::vector<std::string>& paths, std::function<void()> on_change,
                         Options options)
    : on_change_(std::move(on_change)), options_(options) {
  SetPaths(paths);
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

void FileWatcher::SetPaths(const std::vector<std::string>& paths) {
  const std::lock_guard lock(mutex_);
  Identities watched;
  for (const std::string& path : paths) {
    const auto before = known_.find(path);
    watched.emplace(path, before == known_.end() ? Look(path) : before->second);
  }
  known_ = std::move(watched);
}

std::optional<FileWatcher::Identity> FileWatcher::Look(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return Identity{status.st_dev, status.st_ino, status.st_size, ToDuration(status.st_mtim),
                  ToDuration(status.st_ctim)};
}

bool FileWatcher::HaveChanged() {
  bool changed = false;
  for (auto& [path, known] : known_) {
    const auto seen = Look(path);
    changed = changed || seen != known;
    known = seen;
  }
  return changed;
}

void FileWatcher::Run() {
  auto last_call = steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, options_.period, [this] { return stopped_; })) {
    const bool is_due = options_.repeat && steady_clock::now() - last_call >= *options_.repeat;
    if (!HaveChanged() && !is_due) continue;
    lock.unlock();
    on_change_();
    last_call = steady_clock::now();
    lock.lock();
  }
}

}  // namespace balance
