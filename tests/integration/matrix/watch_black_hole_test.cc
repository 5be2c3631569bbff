// M168: the way to the service dies without a word, and balancectl notices and calls again.

#include <atomic>
#include <chrono>
#include <ostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "clients/balancectl/run.h"
#include "clients/core/mutex.h"
#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::HasSubstr;

// Written by one thread while others read.
class SharedText final : public std::stringbuf {
 public:
  std::string text() const {
    const MutexLock lock(mutex_);
    return text_;
  }

 protected:
  int overflow(int c) override {
    const MutexLock lock(mutex_);
    text_ += static_cast<char>(c);
    return c;
  }
  std::streamsize xsputn(const char* bytes, std::streamsize size) override {
    const MutexLock lock(mutex_);
    text_.append(bytes, static_cast<std::size_t>(size));
    return size;
  }

 private:
  mutable Mutex mutex_;
  std::string text_ BALANCE_GUARDED_BY(mutex_);
};

// `balancectl watch` on a thread, until its end.
class WatchCommand {
 public:
  explicit WatchCommand(const std::string& server) {
    const std::vector<const char*> argv = {"balancectl", "watch",    "--heartbeat",
                                           "0.5s",       "--output", "json"};
    ctl::Environment environment;
    environment.server = server;
    args_ = ctl::ParseArgs(static_cast<int>(argv.size()), argv.data(), environment).value();
    thread_ = std::thread([this] { ctl::Run(args_, surroundings_); });
  }
  ~WatchCommand() {
    is_stopped_ = true;
    thread_.join();
  }

  bool Says(const std::string& text) const {
    return Becomes([&] { return out_.text().find(text) != std::string::npos; }, seconds(30));
  }
  bool Complains(const std::string& text) const {
    return Becomes([&] { return err_.text().find(text) != std::string::npos; }, seconds(30));
  }

 private:
  SharedText out_;
  SharedText err_;
  std::ostream out_stream_{&out_};
  std::ostream err_stream_{&err_};
  std::atomic<bool> is_stopped_ = false;
  ctl::Args args_;
  ctl::Surroundings surroundings_{
      .out = out_stream_,
      .err = err_stream_,
      .canvas = {},
      .now = [] { return std::chrono::system_clock::now(); },
      .is_stopped = [this] { return is_stopped_.load(); },
      .screen = [] { return ctl::Screen(); },
  };
  std::thread thread_;
};

class BlackHoleTest : public MatrixTest, public testing::WithParamInterface<const char*> {};

TEST_P(BlackHoleTest, M168_AStreamWithoutASoundIsEndedAfterTwoIntervalsAndResumed) {
  MatrixSetup setup;
  setup.engine = GetParam();
  setup.cache = "{ttl: 0.3s, min_refresh_interval: 0.05s}";
  Start(setup);
  const std::string address = service().grpc_address();
  FaultProxy way(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  WatchCommand command("127.0.0.1:" + std::to_string(way.port()));
  ASSERT_TRUE(command.Says("\"heartbeat\""));

  const auto begin = steady_clock::now();
  way.Set({.timeout = milliseconds(0)});
  SetPolysimCash("19.25");
  ASSERT_TRUE(command.Complains("silent"));
  EXPECT_GE(steady_clock::now() - begin, milliseconds(1500));
  way.Clear();

  EXPECT_TRUE(command.Says("\"19.25\""));
}

INSTANTIATE_TEST_SUITE_P(Engines, BlackHoleTest, testing::Values("NGHTTP2", "GRPC"));

}  // namespace
}  // namespace balance
