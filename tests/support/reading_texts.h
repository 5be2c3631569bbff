#pragma once

#include <string>
#include <vector>

#include "clients/core/reading.h"

namespace balance {

// Every text of a reading that reaches a caller.
inline std::vector<std::string> TextsOf(const Reading& reading) {
  std::vector<std::string> texts = {reading.request_id};
  for (const Warning& warning : reading.warnings) texts.push_back(warning.detail);
  for (const CurrencyBalance& row : reading.balances) {
    texts.push_back(row.currency_code);
    for (const auto& [name, value] : row.other_fields) {
      texts.push_back(name);
      texts.push_back(value);
    }
    for (const PendingWithdrawal& withdrawal : row.pending_withdrawals) {
      texts.insert(texts.end(),
                   {withdrawal.id, withdrawal.account_name, withdrawal.description,
                    withdrawal.bank_id, withdrawal.destination_account_name, withdrawal.status});
    }
  }
  return texts;
}

}  // namespace balance
