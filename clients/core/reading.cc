#include "clients/core/reading.h"

namespace balance {

std::string_view WarningReason(WarningKind kind) {
  switch (kind) {
    case WarningKind::kIdentityMismatch:
      return "IDENTITY_MISMATCH";
    case WarningKind::kCurrencyMissing:
      return "CURRENCY_MISSING";
    case WarningKind::kSuddenZero:
      return "SUDDEN_ZERO";
    case WarningKind::kBaselineJump:
      return "BASELINE_JUMP";
    case WarningKind::kUnknownFields:
      return "UNKNOWN_FIELDS";
    case WarningKind::kLegacyKey:
      return "LEGACY_KEY";
    case WarningKind::kCurrencyUnrecognized:
      return "CURRENCY_UNRECOGNIZED";
    case WarningKind::kFieldUnreadable:
      return "FIELD_UNREADABLE";
    case WarningKind::kCachedReply:
      return "CACHED_REPLY";
  }
  return "";
}

}  // namespace balance
