#pragma once

// Which failures of a request are the login's, so that they are every replica's.

#include "clients/core/error.h"

namespace balance {

// Whether the failure says something about the login, and not about this process.
bool IsOfTheLogin(const Error& error);

// Whether the upstream will not take the secret for a while. A rejected time is this machine's own.
bool IsRejection(ErrorKind kind);

// Whether others who ask for the login would meet the same. A rejection is about the secret, and
// theirs may be another one.
bool IsWorthSharing(const Error& error);

}  // namespace balance
