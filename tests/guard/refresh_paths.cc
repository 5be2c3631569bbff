#include <array>
#include <memory>
#include <string>
#include <utility>

#include "clients/core/clock.h"
#include "clients/polymarket_us/balances_request.h"
#include "clients/polymarket_us/parse_balances.h"
#include "clients/polysimulator/parse_balance.h"
#include "service/snapshot/account_view.h"
#include "service/snapshot/encode.h"
#include "service/snapshot/merge.h"
#include "tests/bench/sample_account.h"
#include "tests/bench/sample_replies.h"
#include "tests/guard/measured.h"
#include "tests/unit/polymarket_us/samples.h"
#include "tests/unit/polysimulator/samples.h"

namespace balance::guard {
namespace {

using polymarket_us::samples::kOrdinary;

constexpr int kTimes = 500;
constexpr int kTimesWhereSlow = 20;
constexpr std::string_view kSeed = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

// A secret of the length that a login's key has: every text of a reply is held against it.
constexpr std::array<std::string_view, 1> kSecrets = {"c5a1f0de-7b58-4a9e-9d4e-0f3a1f4f8b11"};

Path Sign() {
  const BaseUrl url{.host = "api.polymarket.us", .path_prefix = ""};
  const auto key = std::make_shared<const SigningKey>(DecodeSecretKey(kSeed).value().seed);
  key->Prepare();
  // A fixed time has a fixed number of digits.
  constexpr WallTime kNow{std::chrono::milliseconds(1'789'000'000'123)};
  return {
      "sign a request", kTimes, [url, key] {
        return polymarket_us::BuildBalancesRequest(url, {kSecrets.front(), *key}, kNow).has_value();
      }};
}

template <typename Parse>
Path ParseReply(std::string name, int times, std::string body, Parse parse) {
  return {std::move(name), times,
          [body = std::move(body), parse] { return parse(body, kSecrets).has_value(); }};
}

Path Merge() {
  return {"merge two sources", kTimes,
          [views = bench::SampleViews(kOrdinary)] { return !MergeTotals(views).empty(); }};
}

Path Encode() {
  return {"encode a snapshot", kTimes, [views = bench::SampleViews(kOrdinary)] {
            return !EncodedSnapshot("desk-1", views, {"1789000000000000000", 7}, EncodeView::kFull)
                        .view()
                        .empty();
          }};
}

Path Publish() {
  const auto clock = std::make_shared<const SystemClock>();
  const auto publisher =
      std::make_shared<AccountPublisher>("desk-1", "1789000000000000000", *clock);
  return {"publish a change", kTimes,
          [clock, publisher, statuses = bench::SampleStatuses(kOrdinary)] {
            return publisher->OnAccountChange(statuses) > 0;
          }};
}

}  // namespace

std::vector<Path> RefreshPaths() {
  return {Sign(),
          ParseReply("parse Polymarket US", kTimes, kOrdinary, polymarket_us::ParseBalances),
          ParseReply("parse Polymarket US with 400 withdrawals", kTimesWhereSlow,
                     bench::PolymarketReplyWithWithdrawals(bench::kManyWithdrawals),
                     polymarket_us::ParseBalances),
          ParseReply("parse PolySimulator", kTimes, polysimulator::samples::kOrdinary,
                     polysimulator::ParseBalance),
          Merge(),
          Encode(),
          Publish()};
}

}  // namespace balance::guard
