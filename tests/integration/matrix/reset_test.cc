// M25: connections that are reset at the worst moments, and answers in the smallest pieces.

#include <cstdint>

#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

using sandbox::Side;

class ResetTest : public MatrixTest, public testing::WithParamInterface<Side> {
 protected:
  void SetUp() override { Start(); }

  FaultProxy& proxy() { return ProxyOf(GetParam()); }

  // The length of one whole answer, which is then cached.
  std::uint64_t ReadOnce() {
    EXPECT_TRUE(ReadAnew(IdOf(GetParam())).ok());
    return proxy().stats().bytes_to_client;
  }

  void ExpectACleanErrorThatHeals() {
    const auto status = ReadAnew(IdOf(GetParam()));

    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(ReasonOf(status), "SOURCE_UNREACHABLE");
    proxy().Clear();
    EXPECT_TRUE(Heals(IdOf(GetParam())));
  }
};

TEST_P(ResetTest, M25_ResetAtConnect) {
  proxy().Set({.reset_peer = 0});
  ExpectACleanErrorThatHeals();
}

TEST_P(ResetTest, M25_ResetInTheHeader) {
  proxy().Set({.reset_peer = 20});
  ExpectACleanErrorThatHeals();
}

TEST_P(ResetTest, M25_ResetInTheBody) {
  proxy().Set({.reset_peer = ReadOnce() - 5});
  ExpectACleanErrorThatHeals();
}

TEST_P(ResetTest, M25_ResetBetweenTwoAnswersOfAConnectionGoesUnnoticed) {
  ReadOnce();
  proxy().ResetConnections();

  EXPECT_TRUE(ReadAnew(IdOf(GetParam())).ok());
}

TEST_P(ResetTest, M25_PiecesOfOneByteMakeTheWholeFigure) {
  proxy().Set({.slicer = 1});
  v1::SourceBalance source;

  const auto status = ReadAnew(IdOf(GetParam()), source);

  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(CashOf(source), GetParam() == Side::kPolymarket ? kPolymarketCash : kPolysimCash);
}

INSTANTIATE_TEST_SUITE_P(Venues, ResetTest,
                         testing::Values(Side::kPolymarket, Side::kPolysimulator),
                         [](const auto& side) {
                           return side.param == Side::kPolymarket ? "Polymarket" : "PolySimulator";
                         });

}  // namespace
}  // namespace balance
