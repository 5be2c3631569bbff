#pragma once

// The file of the bearer tokens of one caller: hashes, never the tokens themselves. Pure.

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "service/access/caller_rule.h"

namespace balance {

struct TokenFileIssue {
  // Of the file, from 1; 0: the file as a whole.
  int line = 0;
  std::string problem;
  std::string remedy;
};

// Never repeats the text, as somebody may have stored a token itself.
tl::expected<std::vector<TokenHash>, TokenFileIssue> ParseTokenFile(std::string_view text);

}  // namespace balance
