#include "tests/bench/sample_replies.h"

namespace balance::bench {
namespace {

std::string Withdrawal(int number) {
  const std::string id = std::to_string(100000 + number);
  return R"({"id":"wd-)" + id + R"(","name":"acct/main","balance":)" + std::to_string(number) +
         R"(.25,"description":"ACH out","acknowledged":true,"bankId":"bank-77",)"
         R"("creationTime":"2026-08-02T09:29:58Z","destinationAccountName":"Checking"})";
}

}  // namespace

std::string PolymarketReplyWithWithdrawals(int count) {
  std::string withdrawals;
  for (int i = 0; i < count; ++i) {
    if (i > 0) withdrawals += ',';
    withdrawals += Withdrawal(i);
  }
  return R"({"balances":[{"currentBalance":91482.3175,"currency":"USD",)"
         R"("lastUpdated":"2026-09-18T14:05:22.118340Z","buyingPower":1190.8175,)"
         R"("assetNotional":0,"assetAvailable":0,"pendingCredit":0,"openOrders":216.5,)"
         R"("unsettledFunds":0,"pendingWithdrawals":[)" +
         withdrawals +
         R"(],"marginRequirement":75,"balanceReservation":90000,"availableToWithdraw":1190.81,)"
         R"("bonusReservation":0,"depositReservation":0,"displayedAvailableSoon":0,)"
         R"("displayedBonus":0,"displayedCash":1482.31}]})";
}

}  // namespace balance::bench
