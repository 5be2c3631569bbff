#pragma once

// What the tests of the sandbox ask its two venues for, and with which key.

#include "tests/sandbox/side.h"

namespace balance::sandbox {

inline constexpr Side kPm = Side::kPolymarket;
inline constexpr Side kPs = Side::kPolysimulator;

inline constexpr const char* kPolymarketBalances = "/v1/account/balances";
inline constexpr const char* kPolymarketSocket = "/v1/ws/private";
inline constexpr const char* kPolysimBalance = "/v1/account/balance";

// A message to kPolymarketSocket.
inline constexpr const char* kSubscribe =
    R"({"subscribe":{"requestId":"r1","subscriptionType":"SUBSCRIPTION_TYPE_ACCOUNT_BALANCE"}})";

inline constexpr const char* kPolysimKey =
    "ps_live_0000000011111111222222223333333344444444555555556666666677777777";

}  // namespace balance::sandbox
