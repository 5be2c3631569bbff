#include "tests/soak/request_watch.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/support/fake_clock.h"
#include "tests/unit/sandbox/socket_client.h"

namespace balance {
namespace {

using std::chrono::seconds;

TEST(RequestWatchTest, CountsRequestsAndGapsOfEachKey) {
  FakeClock clock;
  sandbox::SandboxOptions options;
  options.clock = &clock;
  const auto upstreams = sandbox::Sandbox::Start(options);
  ASSERT_TRUE(upstreams) << upstreams.error().message;
  sandbox::SocketClient client((*upstreams)->port(sandbox::Side::kPolysimulator));
  const auto ask_after = [&](int wait, const std::string& key) {
    clock.Advance(seconds(wait));
    client.Get("/v1/account/balance", {{"X-API-Key", key}});
  };
  RequestWatch watch;

  ask_after(1, "a");
  ask_after(1, "b");
  ask_after(2, "a");
  watch.Look(**upstreams);
  watch.Look(**upstreams);
  ask_after(1, "a");
  watch.Look(**upstreams);

  EXPECT_EQ(watch.Of("a").requests, 3U);
  EXPECT_EQ(watch.Of("a").longest_gap, seconds(3));
  EXPECT_EQ(watch.Of("a").MeanGap(), seconds(2));
  EXPECT_EQ(watch.Of("b").requests, 1U);
  EXPECT_EQ(watch.Of("c").requests, 0U);
}

}  // namespace
}  // namespace balance
