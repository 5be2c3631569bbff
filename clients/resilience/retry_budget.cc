#include "clients/resilience/retry_budget.h"

#include <algorithm>

namespace balance {

void RetryBudget::OnSuccess() { tokens_ = std::min(kMaxTokens, tokens_ + kTokensPerSuccess); }

void RetryBudget::OnFailure() { tokens_ = std::max(0.0, tokens_ - 1); }

}  // namespace balance
