#include "clients/redis/login_failure.h"

namespace balance {

bool IsOfTheLogin(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kUnreachable:
    case ErrorKind::kUpstreamError:
    case ErrorKind::kReplyInvalid:
    case ErrorKind::kRateLimited:
    case ErrorKind::kCredentialsRejected:
    case ErrorKind::kForbidden:
    case ErrorKind::kAccountMissing:
      return !error.is_local && !error.may_be_configuration && !error.is_held_up;
    default:
      return false;
  }
}

bool IsRejection(ErrorKind kind) {
  return kind == ErrorKind::kCredentialsRejected || kind == ErrorKind::kForbidden ||
         kind == ErrorKind::kAccountMissing;
}

bool IsWorthSharing(const Error& error) { return IsOfTheLogin(error) && !IsRejection(error.kind); }

}  // namespace balance
