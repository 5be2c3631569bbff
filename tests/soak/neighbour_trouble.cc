#include "tests/soak/neighbour_trouble.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace balance {

using sandbox::Fault;
using sandbox::FaultKind;
using sandbox::Side;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// Least time between flickers of one login.
constexpr auto kFlickerEvery = std::chrono::seconds(3);
// Requests with true answers between two flickers of one login. A zero is believed when a second
// answer confirms it: no two flickers may follow each other, however late they are met.
constexpr std::uint64_t kTrueAnswersBetween = 3;

Fault Json(std::string body) {
  Fault fault;
  fault.status = 200;
  fault.headers = {{"Content-Type", "application/json"}};
  fault.body = std::move(body);
  return fault;
}

std::string PolymarketRow(const std::string& cash, const std::string& currency) {
  return R"({"currentBalance":)" + cash + R"(,"currency":")" + currency + R"(","buyingPower":)" +
         cash + "}";
}

std::string PolysimulatorBody(const std::string& cash, const std::string& total) {
  return R"({"balance":")" + cash +
         R"(","currency":"USD","starting_balance":"10000.00","unrealized_pnl":"0.00",)"
         R"("total_value":")" +
         total + R"("})";
}

}  // namespace

NeighbourTrouble::NeighbourTrouble(sandbox::Sandbox& upstreams, const Logins& logins,
                                   std::uint64_t seed)
    : upstreams_(upstreams), random_(seed) {
  for (const Login& login : logins.all()) {
    if (login.account == Logins::kSpareAccount || login.health == Health::kSick) continue;
    well_.push_back(login);
    if (login.health == Health::kFlickering) flickering_.push_back(login);
  }
}

void NeighbourTrouble::Step() {
  if (random_() % 5 == 0) SendOneTooMany();
  if (random_() % 5 == 0) Flicker();
}

// Sends it right behind the answer that was asked for, or while the connection rests.
void NeighbourTrouble::SendOneTooMany() {
  const Login& login = well_[random_() % well_.size()];
  Fault fault = Json(ForgedBody(login.side));
  fault.kind = FaultKind::kUnasked;
  fault.drip = milliseconds(random_() % 3 == 0 ? 0 : random_() % 50);
  PushTo(login, std::move(fault));
}

void NeighbourTrouble::Flicker() {
  const Login& login = flickering_[random_() % flickering_.size()];
  const auto now = steady_clock::now();
  auto& last = last_flicker_[login.source];
  if (now < last + kFlickerEvery) return;
  if (RequestsOf(login) < faults_over_at_[login.source] + kTrueAnswersBetween) return;
  last = now;
  PushTo(login, Json(FlickeredBody(login)));
  ++flickers_;
}

// The faults of one login wait for its requests in a queue, one for each.
void NeighbourTrouble::PushTo(const Login& login, Fault fault) {
  std::uint64_t& over_at = faults_over_at_[login.source];
  over_at = std::max(over_at, RequestsOf(login)) + 1;
  fault.key = login.key;
  upstreams_.Push(login.side, std::move(fault));
}

std::uint64_t NeighbourTrouble::RequestsOf(const Login& login) {
  const auto counters = upstreams_.Counters(login.side);
  const auto found = counters.by_key.find(login.key);
  return found == counters.by_key.end() ? 0 : found->second.requests;
}

std::string NeighbourTrouble::ForgedBody(Side side) {
  // Far from what any wallet holds.
  const std::string cash = std::to_string(66'000'000 + ++forged_) + ".66";
  return side == Side::kPolymarket ? R"({"balances":[)" + PolymarketRow(cash, "USD") + "]}"
                                   : PolysimulatorBody(cash, cash);
}

std::string NeighbourTrouble::FlickeredBody(const Login& login) {
  if (login.side == Side::kPolysimulator) return PolysimulatorBody("0.00", "0.00");
  const auto ledger = upstreams_.polymarket_ledger(login.wallet);
  if (random_() % 3 == 0) return R"({"balances":[]})";
  // The first row is zero. The second is there, zero too, or gone.
  std::string rows = PolymarketRow("0", ledger.rows.front().currency);
  const auto choice = random_() % 3;
  if (ledger.rows.size() > 1 && choice < 2) {
    const auto& second = ledger.rows[1];
    rows += "," + PolymarketRow(choice == 0 ? second.current_balance : "0", second.currency);
  }
  return R"({"balances":[)" + rows + "]}";
}

bool NeighbourTrouble::Judge() const {
  std::size_t sent = 0;
  for (const Side side : sandbox::kSides) sent += upstreams_.Counters(side).last_unasked.size();
  std::printf("unasked answers: %d, at least %zu of them sent; flickers: %d\n", forged_, sent,
              flickers_);
  return sent > 0 && flickers_ > 0;
}

}  // namespace balance
