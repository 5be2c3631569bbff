// M59: a log that nobody reads any more.

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A pipe at `path`, which this process keeps open and never reads.
class UnreadPipe {
 public:
  explicit UnreadPipe(const std::string& path) {
    EXPECT_EQ(mkfifo(path.c_str(), S_IRUSR | S_IWUSR), 0);
    pipe_ = open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    EXPECT_GE(pipe_, 0);
  }
  ~UnreadPipe() { close(pipe_); }
  UnreadPipe(const UnreadPipe&) = delete;
  UnreadPipe& operator=(const UnreadPipe&) = delete;

  // Until nothing more goes in, not even one byte.
  void Fill() {
    const std::array<char, 4096> block{};
    for (const std::size_t size : {block.size(), std::size_t{1}}) {
      while (write(pipe_, block.data(), size) > 0) {
      }
    }
  }

 private:
  int pipe_ = -1;
};

class BlockedLogTest : public MatrixTest {
 protected:
  void StartWithPipe() {
    pipe_ = std::make_unique<UnreadPipe>(files_.Path("service.log"));
    Start();
    v1::AccountSnapshot snapshot;
    ASSERT_TRUE(Get({}, snapshot).ok());
    pipe_->Fill();
  }

  // Four lines for each reload.
  void MakeReloadsTalkative() {
    MatrixSetup changed;
    changed.listen = "127.0.0.1:1";
    changed.drain_delay = "1s";
    files_.Write("config.yaml", YamlText(changed));
  }

  double DroppedLines() const {
    const std::string metrics = AdminPage("/metrics");
    const std::string series = "\nbalance_log_lines_dropped_total ";
    const auto at = metrics.find(series);
    return at == std::string::npos ? -1 : std::stod(metrics.substr(at + series.size()));
  }

  // The slowest but one in a hundred of cached reads.
  milliseconds P99() {
    std::vector<steady_clock::duration> took;
    for (int i = 0; i < 500; ++i) {
      v1::AccountSnapshot snapshot;
      const auto begin = steady_clock::now();
      EXPECT_TRUE(Get({}, snapshot).ok());
      took.push_back(steady_clock::now() - begin);
    }
    std::sort(took.begin(), took.end());
    return std::chrono::duration_cast<milliseconds>(took[took.size() * 99 / 100]);
  }

  std::unique_ptr<UnreadPipe> pipe_;
};

TEST_F(BlockedLogTest, M59_CallsAreAsFastAsBeforeAndLostLinesAreCounted) {
  ASSERT_NO_FATAL_FAILURE(StartWithPipe());
  const milliseconds before = P99();
  MakeReloadsTalkative();

  EXPECT_TRUE(Becomes(
      [this] {
        for (int i = 0; i < 100; ++i) service().Signal(SIGHUP);
        return DroppedLines() > 0;
      },
      std::chrono::seconds(40)));
  const milliseconds blocked = P99();

  EXPECT_LE(blocked, 5 * before + milliseconds(20));
  // TearDown() sees that the service ends well all the same.
}

}  // namespace
}  // namespace balance
