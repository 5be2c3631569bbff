#pragma once

// Words of the schema for the values of an enum. Pure.

#include "clients/core/source_info.h"

namespace balance {

constexpr const char* NameOf(FundClass fund_class) {
  switch (fund_class) {
    case FundClass::kRealMoney:
      return "REAL_MONEY";
    case FundClass::kSimulatedMoney:
      return "SIMULATED_MONEY";
  }
  return "";
}

}  // namespace balance
