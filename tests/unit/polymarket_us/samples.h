#pragma once

// Replies of Polymarket US; figures and ids are invented.

#include <string>

namespace balance::polymarket_us::samples {

// All documented fields, the newer ones included; keeps the ledger identity.
inline const std::string kOrdinary =
    R"({"balances":[{"currentBalance":1482.3175,"currency":"USD",)"
    R"("lastUpdated":"2026-09-18T14:05:22.118340Z","buyingPower":1190.8175,)"
    R"("assetNotional":0,"assetAvailable":0,"pendingCredit":0,"openOrders":216.5,)"
    R"("unsettledFunds":0,"pendingWithdrawals":[],"marginRequirement":75,)"
    R"("balanceReservation":0,"availableToWithdraw":1190.81,"bonusReservation":0,)"
    R"("depositReservation":0,"displayedAvailableSoon":0,"displayedBonus":0,)"
    R"("displayedCash":1482.31}]})";

// lastUpdated null with money in the account, balanceReservation absent: as seen live.
inline const std::string kNullTimeWithMoney =
    R"({"balances":[{"currentBalance":41.0633,"currency":"USD","lastUpdated":null,)"
    R"("buyingPower":41.0633,"assetNotional":0,"assetAvailable":0,"pendingCredit":0,)"
    R"("openOrders":0,"unsettledFunds":0,"pendingWithdrawals":[],"marginRequirement":0}]})";

// What a new account may answer.
inline const std::string kNoRows = R"({"balances":[]})";

// All defaults: a row without a currency.
inline const std::string kEmptyCurrency =
    R"({"balances":[{"currentBalance":0,"currency":"","lastUpdated":null,"buyingPower":0,)"
    R"("assetNotional":0,"assetAvailable":0,"pendingCredit":0,"openOrders":0,)"
    R"("unsettledFunds":0,"pendingWithdrawals":[],"marginRequirement":0,)"
    R"("balanceReservation":null}]})";

// Several currencies, an unknown nested field, exponents, 2^53 and beyond; breaks the identity.
inline const std::string kExtremes =
    R"({"balances":[{"currentBalance":9007199254740993.07,"currency":"USD",)"
    R"("lastUpdated":"2026-09-20T00:00:00Z","buyingPower":1.25e3,"assetNotional":5E2,)"
    R"("assetAvailable":2.5e+2,"pendingCredit":1e-7,"openOrders":0.10,)"
    R"("unsettledFunds":-0.01,"pendingWithdrawals":[],"marginRequirement":0e0,)"
    R"("balanceReservation":0,"somethingNew":{"a":[1]}},{"currentBalance":310.0000,)"
    R"("currency":"USDC","lastUpdated":null,"buyingPower":310,"assetNotional":0,)"
    R"("assetAvailable":0,"pendingCredit":0,"openOrders":0,"unsettledFunds":0,)"
    R"("pendingWithdrawals":null,"marginRequirement":0}]})";

// Withdrawals under way.
inline const std::string kWithdrawals =
    R"({"balances":[{"currentBalance":5000,"currency":"USD",)"
    R"("lastUpdated":"2026-08-02T09:30:00Z","buyingPower":5000,"assetNotional":0,)"
    R"("assetAvailable":0,"pendingCredit":12.34,"openOrders":0,"unsettledFunds":0,)"
    R"("pendingWithdrawals":[{"id":"wd-0001","name":"acct/main","balance":900,)"
    R"("description":"ACH out","acknowledged":true,"bankId":"bank-77",)"
    R"("creationTime":"2026-08-02T09:29:58Z","destinationAccountName":"Checking"},)"
    R"({"id":"wd-0002","name":"acct/main","balance":449.5,"description":"",)"
    R"("acknowledged":false,"bankId":"","creationTime":null,"destinationAccountName":""}],)"
    R"("marginRequirement":0,"balanceReservation":1349.5}]})";

// Proceeds of a short sale are in currentBalance.
inline const std::string kShortPosition =
    R"({"balances":[{"currentBalance":57.0,"currency":"USD",)"
    R"("lastUpdated":"2026-08-02T10:00:00Z","buyingPower":47.0,"assetNotional":0,)"
    R"("assetAvailable":0,"pendingCredit":0,"openOrders":0,"unsettledFunds":0,)"
    R"("pendingWithdrawals":[],"marginRequirement":10,"balanceReservation":0}]})";

}  // namespace balance::polymarket_us::samples
