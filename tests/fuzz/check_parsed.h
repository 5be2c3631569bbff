#pragma once

// What holds for every result of a venue's parser, whatever the body was.

#include "clients/core/result.h"
#include "clients/venue/parsed_balances.h"
#include "tests/fuzz/require.h"

namespace balance::fuzz {

// `messages` are the parser's errors so far.
void CheckParsed(const Result<ParsedBalances>& parsed, LiteralMessages& messages);

}  // namespace balance::fuzz
