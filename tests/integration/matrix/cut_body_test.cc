// M09: an answer that ends before its JSON does is never a figure.

#include <algorithm>
#include <string>
#include <vector>

#include "tests/integration/matrix/matrix_fixture.h"

namespace balance {
namespace {

using sandbox::Fault;
using sandbox::FaultKind;
using sandbox::Side;

// Framed by the end of the connection only, so that nothing but the JSON tells that it is cut.
Fault Unframed(const std::string& body) {
  Fault fault;
  fault.kind = FaultKind::kRaw;
  fault.body =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + body;
  return fault;
}

Fault Kind(FaultKind kind) {
  Fault fault;
  fault.kind = kind;
  return fault;
}

class CutBodyTest : public MatrixTest, public testing::WithParamInterface<Side> {
 protected:
  void SetCash(const std::string& amount) {
    GetParam() == Side::kPolymarket ? SetPolymarketCash(amount) : SetPolysimCash(amount);
  }

  // Cold there is no figure, and warm only the old one, beside the reason.
  void ExpectTheOldFigureOrNone(const Fault& fault, const std::string& reason) {
    const int index = IndexOf(GetParam());
    const std::string old_cash = GetParam() == Side::kPolymarket ? kPolymarketCash : kPolysimCash;
    v1::AccountSnapshot snapshot;
    Start();
    Always(GetParam(), fault);
    ASSERT_TRUE(GetAnew(snapshot).ok());
    EXPECT_EQ(snapshot.sources(index).state(), v1::SourceBalance_State_NO_DATA);
    EXPECT_FALSE(snapshot.sources(index).has_balance_set());
    EXPECT_EQ(ReasonOf(snapshot.sources(index).failure()), reason);
    TearDown();

    Start();
    ASSERT_TRUE(GetAnew(snapshot).ok());
    SetCash("99999999.25");
    Always(GetParam(), fault);
    ASSERT_TRUE(GetAnew(snapshot).ok());
    const auto& source = snapshot.sources(index);
    EXPECT_EQ(source.state(), v1::SourceBalance::STALE);
    EXPECT_EQ(source.freshness().outcome(), v1::Freshness::STALE_ON_ERROR);
    EXPECT_EQ(CashOf(source), old_cash);
    EXPECT_EQ(ReasonOf(source.failure()), reason);
  }

  std::string WholeBody() {
    return GetParam() == Side::kPolymarket
               ? R"({"balances":[{"currentBalance":99999999.25,"currency":"USD","buyingPower":1}]})"
               : R"({"balance":"99999999.25","currency":"USD","starting_balance":"1",)"
                 R"("unrealized_pnl":"0","total_value":"1"})";
  }
};

TEST_P(CutBodyTest, M09_CutBelowItsContentLengthIsNoAnswer) {
  ExpectTheOldFigureOrNone(Kind(FaultKind::kTruncated), "SOURCE_UNREACHABLE");
}

TEST_P(CutBodyTest, M09_CutInsideAChunkIsNoAnswer) {
  ExpectTheOldFigureOrNone(Kind(FaultKind::kCutChunked), "SOURCE_UNREACHABLE");
}

TEST_P(CutBodyTest, M09_CutInsideANumberWithoutContentLengthIsMalformed) {
  const std::string body = WholeBody();
  ExpectTheOldFigureOrNone(Unframed(body.substr(0, body.find("9.25") + 1)), "SOURCE_REPLY_INVALID");
}

TEST_P(CutBodyTest, M09_CutByOneByteWithoutContentLengthIsMalformed) {
  const std::string body = WholeBody();
  ExpectTheOldFigureOrNone(Unframed(body.substr(0, body.size() - 1)), "SOURCE_REPLY_INVALID");
}

TEST_P(CutBodyTest, M09_WholeWithoutContentLengthIsAnAnswer) {
  Start();
  Always(GetParam(), Unframed(WholeBody()));
  v1::SourceBalance source;

  ASSERT_TRUE(ReadAnew(IdOf(GetParam()), source).ok());

  EXPECT_EQ(CashOf(source), "99999999.25");
}

INSTANTIATE_TEST_SUITE_P(Venues, CutBodyTest,
                         testing::Values(Side::kPolymarket, Side::kPolysimulator),
                         [](const auto& side) {
                           return side.param == Side::kPolymarket ? "Polymarket" : "PolySimulator";
                         });

TEST_F(MatrixTest, M09_CutOnTheWayAtAnyByteIsNoAnswer) {
  Start();
  ASSERT_TRUE(ReadAnew(kPolymarketId).ok());
  const std::uint64_t whole = polymarket().stats().bytes_to_client;
  SetPolymarketCash("99999999.25");
  v1::AccountSnapshot snapshot;
  for (const std::uint64_t cut : {whole - 1, whole / 2}) {
    polymarket().Set({.limit_data = cut});

    ASSERT_TRUE(GetAnew(snapshot).ok());

    EXPECT_EQ(CashOf(snapshot.sources(kPolymarketUs)), kPolymarketCash) << cut;
    EXPECT_EQ(ReasonOf(snapshot.sources(kPolymarketUs).failure()), "SOURCE_UNREACHABLE") << cut;
  }

  polymarket().Clear();
  EXPECT_TRUE(Heals(kPolymarketId));
}

}  // namespace
}  // namespace balance
