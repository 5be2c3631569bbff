#pragma once

// Whether a list of venues holds together, and keeps what the API and the configuration promise.

#include <string>
#include <vector>

#include "clients/venue/venue.h"

namespace balance {

// All that keeps a service from being started with `venues`, a sentence each; empty: nothing does.
//   - Each kind of balance.v1.SourceKind has its venue, and each venue its kind, called like its
//     key in capitals. Numbers that balance.v1 reserves belong to venues of tests and need no name.
//   - No two venues have a kind, a key or an environment variable in common, and no key is that of
//     another setting of a source.
//   - The facts of each are whole: texts, a base URL that can be read, a route, measures, and a
//     login with a secret. Keys are lower-case words joined by underscores.
std::vector<std::string> FaultsOf(const Venues& venues);

}  // namespace balance
