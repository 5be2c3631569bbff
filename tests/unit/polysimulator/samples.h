#pragma once

// Replies of PolySimulator; figures are invented.

#include <string>

namespace balance::polysimulator::samples {

// With open positions.
inline const std::string kOrdinary =
    R"({"balance":"8612.45","currency":"USD","starting_balance":"10000.00",)"
    R"("unrealized_pnl":"-311.20","total_value":"9688.80"})";

// A fresh account.
inline const std::string kFresh =
    R"({"balance":"10000.00","currency":"USD","starting_balance":"10000.00",)"
    R"("unrealized_pnl":"0.00","total_value":"10000.00"})";

// Seven digits behind the point, and an exponent.
inline const std::string kUnusualScale =
    R"({"balance":"24999.9999995","currency":"USD","starting_balance":"25000",)"
    R"("unrealized_pnl":"1.23E+2","total_value":"25123.00"})";

// Everything lost.
inline const std::string kTotalLoss =
    R"({"balance":"0","currency":"USD","starting_balance":"10000.00",)"
    R"("unrealized_pnl":"-10000.00","total_value":"0.00"})";

// The oldest API: no total_value, and an unrealized_pnl that means what it says.
inline const std::string kOldShape =
    R"({"user_id":418,"balance":"961.10","currency":"USD","starting_balance":"1000.00",)"
    R"("pnl":"-38.90","pnl_percent":"-3.89","unrealized_pnl":"4.25"})";

// JSON numbers in place of strings.
inline const std::string kNumbers =
    R"({"balance":100.5,"currency":"USD","starting_balance":1000,"unrealized_pnl":-899.5,)"
    R"("total_value":100.5})";

}  // namespace balance::polysimulator::samples
