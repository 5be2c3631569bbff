#include "service/server/file_watcher.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

namespace balance {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

class FileWatcherTest : public testing::Test {
 protected:
  FileWatcherTest() {
    std::string pattern = (fs::temp_directory_path() / "file-watcher-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~FileWatcherTest() override {
    watcher_.reset();
    fs::remove_all(directory_);
  }

  std::string Path(const std::string& name) const { return (directory_ / name).string(); }

  std::string Write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(Path(name)).parent_path());
    std::ofstream(Path(name)) << text;
    return Path(name);
  }

  // In one step.
  void Replace(const std::string& name, const std::string& text) const {
    fs::rename(Write(name + ".new", text), Path(name));
  }

  void Watch(const std::vector<std::string>& paths, std::optional<Duration> repeat = {}) {
    watcher_ = std::make_unique<FileWatcher>(
        StatesOf(paths), [this] { ++calls_; }, FileWatcher::Options{milliseconds(1), repeat});
  }

  bool IsCalled(int times = 1) const {
    const auto end = steady_clock::now() + std::chrono::seconds(10);
    while (calls_ < times && steady_clock::now() < end) std::this_thread::yield();
    return calls_ >= times;
  }

  // Of a watcher that is asked for another file, in turn, to show that it has looked meanwhile.
  bool IsQuiet() {
    const int before = calls_;
    const std::string other = Write("other", "1");
    std::atomic<int> looks = 0;
    {
      const FileWatcher witness(StatesOf({other}), [&looks] { ++looks; }, {milliseconds(20), {}});
      Write("other", "22");
      while (looks == 0) std::this_thread::yield();
    }
    return calls_ == before;
  }

  fs::path directory_;
  std::atomic<int> calls_ = 0;
  std::unique_ptr<FileWatcher> watcher_;
};

TEST_F(FileWatcherTest, WhatStaysAsItIsCallsNobody) {
  Watch({Write("a", "1"), Path("missing")});

  EXPECT_TRUE(IsQuiet());
}

TEST_F(FileWatcherTest, AFileWrittenOver) {
  Watch({Write("a", "1"), Write("b", "1")});

  Write("b", "22");

  EXPECT_TRUE(IsCalled());
}

TEST_F(FileWatcherTest, OneChangeIsOneCall) {
  Watch({Write("a", "1")});

  Replace("a", "22");

  EXPECT_TRUE(IsCalled());
  EXPECT_TRUE(IsQuiet());
}

TEST_F(FileWatcherTest, AFileOfTheSameSizeAndTimeRenamedOnto) {
  const std::string path = Write("a", "1");
  Watch({path});
  const std::string fresh = Write("fresh", "2");
  fs::last_write_time(fresh, fs::last_write_time(path));

  fs::rename(fresh, path);

  EXPECT_TRUE(IsCalled());
}

TEST_F(FileWatcherTest, AFileRemovedAndBack) {
  const std::string path = Write("a", "1");
  Watch({path});

  fs::remove(path);
  EXPECT_TRUE(IsCalled(1));
  Write("a", "1");
  EXPECT_TRUE(IsCalled(2));
}

TEST_F(FileWatcherTest, PermissionsTakenAway) {
  const std::string path = Write("a", "1");
  chmod(path.c_str(), 0644);
  Watch({path});

  chmod(path.c_str(), 0640);

  EXPECT_TRUE(IsCalled());
}

TEST_F(FileWatcherTest, ALinkThatKubernetesSwaps) {
  Write("..1/key", "1");
  Write("..2/key", "1");
  fs::create_symlink("..1", directory_ / "..data");
  fs::create_symlink("..data/key", directory_ / "key");
  Watch({Path("key")});

  fs::create_symlink("..2", directory_ / "..data_tmp");
  fs::rename(directory_ / "..data_tmp", directory_ / "..data");

  EXPECT_TRUE(IsCalled());
}

TEST_F(FileWatcherTest, OtherPathsFromTheCallback) {
  const std::string first = Write("first", "1");
  const std::string second = Write("second", "1");
  std::atomic<int> calls = 0;
  FileWatcher* watcher = nullptr;
  std::atomic<bool> is_set = false;
  FileWatcher swapping(StatesOf({first}),
                       [&] {
                         while (!is_set) std::this_thread::yield();
                         watcher->SetFiles(StatesOf({second}));
                         ++calls;
                       },
                       {milliseconds(1), {}});
  watcher = &swapping;
  is_set = true;

  Replace("first", "22");
  while (calls < 1) std::this_thread::yield();
  Replace("first", "333");
  Replace("second", "22");
  while (calls < 2) std::this_thread::yield();

  EXPECT_TRUE(IsQuiet());
  EXPECT_EQ(calls, 2);
}

TEST_F(FileWatcherTest, AChangeBetweenTheReadingAndTheWatchIsNotLost) {
  const FileStates read = StatesOf({Write("a", "1")});
  Write("a", "22");

  watcher_ = std::make_unique<FileWatcher>(
      read, [this] { ++calls_; }, FileWatcher::Options{milliseconds(1), {}});

  EXPECT_TRUE(IsCalled());
}

TEST_F(FileWatcherTest, AChangeBetweenTheReadingAndOtherFilesIsNotLost) {
  Watch({Write("a", "1")});
  const FileStates read = StatesOf({Path("a"), Write("b", "1")});
  Write("b", "22");

  watcher_->SetFiles(read);

  EXPECT_TRUE(IsCalled());
}

TEST_F(FileWatcherTest, RepeatsWithoutAChange) {
  Watch({}, milliseconds(2));

  EXPECT_TRUE(IsCalled(3));
}

TEST_F(FileWatcherTest, TheEndDoesNotWaitForAPeriod) {
  const auto begin = steady_clock::now();
  {
    const FileWatcher watcher({}, [] {}, {std::chrono::hours(1), {}});
  }

  EXPECT_LT(steady_clock::now() - begin, std::chrono::minutes(1));
}

}  // namespace
}  // namespace balance
