#pragma once

// What holds for every result of a venue's parser, whatever the body was.

#include <array>
#include <string_view>

#include "clients/core/result.h"
#include "clients/venue/parsed_balances.h"
#include "tests/fuzz/require.h"

namespace balance::fuzz {

// Secrets that the parsers are told of.
inline constexpr std::array<std::string_view, 1> kSecrets = {kCanary};

// `messages` are the parser's errors so far.
void CheckParsed(const Result<ParsedBalances>& parsed, LiteralMessages& messages);

}  // namespace balance::fuzz
