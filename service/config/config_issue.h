#pragma once

// One problem of a configuration, for the person who has to repair it: an error, or a warning of
// what works but is hardly meant. A plain value.

#include <string>

namespace balance {

// No text in it ever repeats a secret, nor a value that could be one by mistake.
struct ConfigIssue {
  // Path of the file as it was given, or "environment".
  std::string file;
  // From 1; 0 if the problem has no line.
  int line = 0;
  // Path of the field, such as accounts[0].sources[1].cache.ttl, or the environment variable.
  // Empty: the whole configuration.
  std::string field;
  std::string problem;
  std::string remedy;

  // One line, `FILE:LINE: FIELD: PROBLEM; REMEDY`, without the parts that are not set.
  std::string ToString() const;

  friend bool operator==(const ConfigIssue&, const ConfigIssue&) = default;
};

}  // namespace balance
