#include "clients/polysimulator/venue.h"

#include <gtest/gtest.h>

#include <string>

namespace balance {
namespace {

std::string Normalized(const std::string& prefix) {
  return NormalizePolySimulatorUrl({.host = "api.polysimulator.com", .path_prefix = prefix})
      .path_prefix;
}

TEST(NormalizePolySimulatorUrlTest, DropsOneTrailingVersion) {
  EXPECT_EQ(Normalized(""), "");
  EXPECT_EQ(Normalized("/v1"), "");
  EXPECT_EQ(Normalized("/ps/v1"), "/ps");
  EXPECT_EQ(Normalized("/v1/v1"), "/v1");
  EXPECT_EQ(Normalized("/v2"), "/v2");
  EXPECT_EQ(Normalized("/v1/ps"), "/v1/ps");
  EXPECT_EQ(Normalized("/dev1"), "/dev1");
}

TEST(NormalizePolySimulatorUrlTest, LeavesTheRestAlone) {
  const BaseUrl url{.tls = false, .host = "localhost", .port = 8000, .path_prefix = "/v1"};

  const BaseUrl normalized = NormalizePolySimulatorUrl(url);

  EXPECT_EQ(normalized,
            (BaseUrl{.tls = false, .host = "localhost", .port = 8000, .path_prefix = ""}));
}

}  // namespace
}  // namespace balance
