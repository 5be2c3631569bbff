// M59: a log that nobody reads any more.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
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

constexpr const char* kToken = "token-of-the-test";
constexpr const char* kTokenSha256 =
    "d0283ed870053d62b0ca8389c79b3771437e2d6d24e15033c671d69ecffff441";

class BlockedLogTest : public MatrixTest {
 protected:
  // Calls without the token make the service log lines.
  void SetUp() override {
    MatrixSetup setup;
    // A search for leaks would wait for the thread that writes.
    setup.environment = {"ASAN_OPTIONS=detect_leaks=0"};
    setup.more_yaml = "callers: [{id: test, accounts: ['*'], token_file: " +
                      files_.Write("tokens", std::string(kTokenSha256) + "\n") + "}]\n";
    pipe_ = std::make_unique<UnreadPipe>(files_.Path("service.log"));
    Start(setup);
    ASSERT_TRUE(Read(kToken).ok());
    pipe_->Fill();
  }

  grpc::Status Read(const std::string& token) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    context.AddMetadata("authorization", "Bearer " + token);
    v1::AccountSnapshot snapshot;
    return stub_->GetAccountSnapshot(&context, {}, &snapshot);
  }

  // All but the slowest hundredth of cached reads took no longer.
  milliseconds P99() {
    std::vector<steady_clock::duration> took;
    for (int i = 0; i < 500; ++i) {
      const auto begin = steady_clock::now();
      EXPECT_TRUE(Read(kToken).ok());
      took.push_back(steady_clock::now() - begin);
    }
    std::sort(took.begin(), took.end());
    return std::chrono::duration_cast<milliseconds>(took[took.size() * 99 / 100]);
  }

  // More lines than the log lets through at once.
  void MakeItLog() {
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(Read("wrong").error_code(), grpc::StatusCode::UNAUTHENTICATED);
    }
  }

  std::unique_ptr<UnreadPipe> pipe_;
};

TEST_F(BlockedLogTest, M59_CallsAreAsFastAsBeforeAndTheStopEnds) {
  const milliseconds before = P99();

  MakeItLog();
  const milliseconds blocked = P99();

  // A call that waited for the log would wait for ever.
  EXPECT_LE(blocked, 5 * before + milliseconds(200));
  EXPECT_EQ(service_->Stop(), "exit 0");
  service_.reset();
}

}  // namespace
}  // namespace balance
