#include "service/observe/logging.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/becomes.h"

namespace balance {
namespace {

// Standard error is a pipe that blocks nobody, as a supervisor may make it.
class LoggingTest : public testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> ends{};
    signal(SIGPIPE, SIG_IGN);
    ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    pipe_ = ends[0];
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    logging_ = std::make_unique<Logging>();
  }

  void TearDown() override {
    logging_.reset();
    RestoreStandardError();
    if (pipe_ >= 0) close(pipe_);
    close(before_);
  }

  void RestoreStandardError() const { dup2(before_, STDERR_FILENO); }
  void StopReading() {
    close(pipe_);
    pipe_ = -1;
  }

  // Of the log; less if nothing more comes for a while.
  std::string ReadLines(int count) const {
    std::string text;
    std::array<char, 4096> block;
    pollfd more{pipe_, POLLIN, 0};
    while (std::count(text.begin(), text.end(), '\n') < count && poll(&more, 1, 2000) > 0) {
      const ssize_t size = read(pipe_, block.data(), block.size());
      if (size <= 0) break;
      text.append(block.data(), static_cast<std::size_t>(size));
    }
    return text;
  }

  const int before_ = dup(STDERR_FILENO);
  int pipe_ = -1;
  std::unique_ptr<Logging> logging_;
};

TEST_F(LoggingTest, NoLineIsCutWhereStandardErrorDoesNotBlock) {
  constexpr int kLines = 100;
  const std::size_t dropped = DroppedLogLines();
  // Far more than a pipe holds.
  const std::string filler(4000, 'x');
  for (int i = 0; i < kLines; ++i) spdlog::info("begin {} {} end", i, filler);

  const std::string log = ReadLines(kLines);

  for (int i = 0; i < kLines; ++i) {
    const std::string line = "begin " + std::to_string(i) + " " + filler + " end\n";
    EXPECT_NE(log.find(line), std::string::npos) << i;
  }
  EXPECT_EQ(DroppedLogLines(), dropped);
}

TEST_F(LoggingTest, JsonIsOneObjectALine) {
  logging_ = nullptr;
  logging_ = std::make_unique<Logging>(LogLineFormat::kJson);

  Log(LogEvent::kStopped, "stop\nped");
  const std::string log = ReadLines(1);
  SetLogLineFormat(LogLineFormat::kText);

  const auto line = nlohmann::ordered_json::parse(log, nullptr, false);
  ASSERT_TRUE(line.is_object()) << log;
  EXPECT_EQ(log.substr(0, 9), R"({"time":")");
  EXPECT_EQ(line["time"].get<std::string>().size(), std::string("2026-11-21T07:31:14.033Z").size());
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["event"], "stopped");
  EXPECT_EQ(line["message"], "stop\nped");
}

TEST_F(LoggingTest, ALineThatCannotBeWrittenIsCounted) {
  const std::size_t dropped = DroppedLogLines();
  StopReading();

  spdlog::info("to nobody");

  EXPECT_TRUE(Becomes([dropped] { return DroppedLogLines() == dropped + 1; }));
}

TEST_F(LoggingTest, M59_LinesThatNobodyReadsBlockNobodyAndAreCounted) {
  constexpr int kLines = 20'000;
  const std::size_t dropped = DroppedLogLines();
  // Far more than a pipe holds.
  const std::string filler(1000, 'x');

  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kLines; ++i) spdlog::info(filler);
  EXPECT_FALSE(FlushLog());

  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_GT(DroppedLogLines(), dropped);
  StopReading();
}

}  // namespace
}  // namespace balance
