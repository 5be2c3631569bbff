#pragma once

// Where the documents of a YAML text begin. Pure.

#include <yaml-cpp/mark.h>

#include <optional>
#include <string>

namespace balance {

// Where a second document, or what else stands behind the first one, begins; unset if there is no
// such thing. Throws YAML::Exception if the text up to there is not YAML.
//
// YAML::LoadAll() must not be asked: it takes a stray comma or bracket behind a document for
// another one, again and again, until the memory is used up.
std::optional<YAML::Mark> FindSecondDocument(const std::string& text);

}  // namespace balance
