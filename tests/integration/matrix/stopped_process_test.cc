// M72: the process was stopped for a while, as SIGSTOP or a frozen cgroup does. That is nobody's
// failure but its own.

#include <csignal>
#include <thread>

#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

using sandbox::Fault;
using sandbox::FaultKind;
using sandbox::Side;
using std::chrono::milliseconds;

// Length of a stop, longer than the attempt timeout of the fixture and all its timers.
constexpr milliseconds kStopped(1500);

class StoppedProcessTest : public MatrixTest {
 protected:
  // Stops the process while a request is at the venue, lets it go on after a while, and waits for
  // what becomes of the read.
  grpc::Status ReadAcrossAStop(v1::SourceBalance& source) {
    grpc::Status status;
    const auto before = upstreams().Counters(Side::kPolysimulator).total.requests;
    std::thread reader([&] { status = ReadAnew(kPolysimId, source, std::chrono::seconds(20)); });
    EXPECT_TRUE(Becomes(
        [&] { return upstreams().Counters(Side::kPolysimulator).total.requests > before; }));
    service().Signal(SIGSTOP);
    // The fault itself.
    std::this_thread::sleep_for(kStopped);
    service().Signal(SIGCONT);
    reader.join();
    return status;
  }
  std::string StatusPage() const { return AdminPage("/statusz"); }
};

TEST_F(StoppedProcessTest, M72_AnAnswerThatCameWhileWeWereStoppedIsTaken) {
  Start();
  Fault late;
  late.kind = FaultKind::kPass;
  late.delay = milliseconds(100);
  Always(Side::kPolysimulator, late);
  v1::SourceBalance source;

  const auto status = ReadAcrossAStop(source);

  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(CashOf(source), kPolysimCash);
  EXPECT_EQ(Refreshes("POLYSIMULATOR", "SOURCE_UNREACHABLE"), 0);
}

TEST_F(StoppedProcessTest, M72_AStopOpensNoBreaker) {
  Start();
  Fault hang;
  hang.kind = FaultKind::kHang;
  Always(Side::kPolysimulator, hang);
  v1::SourceBalance source;
  // As many as open one, and more.
  for (int i = 0; i < 6; ++i) EXPECT_FALSE(ReadAcrossAStop(source).ok());

  EXPECT_THAT(StatusPage(), testing::Not(testing::HasSubstr("\"OPEN\"")));
  upstreams().ClearFaults(Side::kPolysimulator);
  EXPECT_TRUE(ReadAnew(kPolysimId).ok());
}

}  // namespace
}  // namespace balance
