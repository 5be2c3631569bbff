#pragma once

// The answers about several accounts as of one instant. Each account's wait ends at a time of its
// own: what it said then may be out of date when the last one ends.

#include <functional>
#include <vector>

#include "clients/core/clock.h"
#include "service/feed/account_answer.h"
#include "service/rpc/account_directory.h"

namespace balance {

// One account of the call. Both outlive the call of `done`.
struct AskedAccount {
  const AccountEndpoint* endpoint;
  const AccountRead* read;
};

// Judges the accounts as they are published by now, with regard to how the reads waited: `answers`
// are theirs, in the same order. Calls `done` exactly once, before it returns or on an account's
// shard: a state that has aged is published first, under a revision of its own.
void JudgeTogether(const Clock& clock, std::vector<AskedAccount> accounts,
                   std::vector<AccountAnswer> answers,
                   std::function<void(std::vector<AccountAnswer>)> done);

}  // namespace balance
