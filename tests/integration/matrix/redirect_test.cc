// M28: a redirect to another origin would take the keys there.

#include <string>

#include "tests/integration/matrix/matrix_fixture.h"
#include "tests/integration/matrix/raw_upstream.h"

namespace balance {
namespace {

using sandbox::Side;

TEST_F(MatrixTest, M28_ARedirectToAnotherOriginIsNotFollowed) {
  const RawUpstream other([](const RawUpstream::Send& send) {
    send("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"balance\":\"66\"}");
  });
  for (const Side side : {Side::kPolymarket, Side::kPolysimulator}) {
    Start();
    // Fewer than open a breaker.
    for (const int status : {302, 307, 308}) {
      sandbox::Fault fault;
      fault.status = status;
      fault.headers = {{"Location", LoopbackUrl("http", other.port()) + "/v1/account/balance"}};
      upstreams().ClearFaults(side);
      Always(side, fault);

      EXPECT_EQ(ReasonOf(ReadAnew(IdOf(side))), "SOURCE_ERROR") << status;
      EXPECT_GE(upstreams().Counters(side).total.by_status[status], 1U);
    }
    TearDown();
  }

  EXPECT_EQ(other.requests(), 0);
}

}  // namespace
}  // namespace balance
