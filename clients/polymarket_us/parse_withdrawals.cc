#include "clients/polymarket_us/parse_withdrawals.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "clients/core/utf8.h"
#include "clients/json/read_decimal.h"
#include "clients/json/rfc3339.h"
#include "clients/json/seen_names.h"
#include "clients/polymarket_us/venue.h"
#include "clients/venue/parsed_balances.h"

namespace balance::polymarket_us {
namespace {

struct TextField {
  std::string_view name;
  std::string PendingWithdrawal::*place;
};

// Text fields of a withdrawal. Only older versions of the API send `status`.
constexpr std::array<TextField, 6> kTextFields = {{
    {"id", &PendingWithdrawal::id},
    {"name", &PendingWithdrawal::account_name},
    {"description", &PendingWithdrawal::description},
    {"bankId", &PendingWithdrawal::bank_id},
    {"destinationAccountName", &PendingWithdrawal::destination_account_name},
    {"status", &PendingWithdrawal::status},
}};

constexpr std::string_view kAmount = "balance";
constexpr std::string_view kAcknowledged = "acknowledged";
constexpr std::string_view kCreationTime = "creationTime";

const TextField* FindTextField(std::string_view name) {
  const auto found = std::find_if(kTextFields.begin(), kTextFields.end(),
                                  [&](const TextField& field) { return field.name == name; });
  return found == kTextFields.end() ? nullptr : found;
}

bool IsDocumented(std::string_view name) {
  return FindTextField(name) != nullptr || name == kAmount || name == kAcknowledged ||
         name == kCreationTime;
}

std::string QualifiedName(const JsonMember& field) {
  return std::string(kPendingWithdrawals) + "." + field.name;
}

// Takes a field over; returns false if its value is none that the field can have. REQUIRES:
// IsDocumented(field.name).
bool ReadField(const JsonMember& field, PendingWithdrawal& withdrawal) {
  const JsonValue& value = field.value;
  if (value.IsNull()) return true;
  if (field.name == kAmount) {
    const auto amount = ReadDecimal(value);
    if (amount) withdrawal.amount = Amount{**amount, AmountOrigin::kReported, kAmount};
    return amount.has_value();
  }
  if (field.name == kAcknowledged) {
    if (value.type != JsonValue::Type::kBool) return false;
    withdrawal.acknowledged = value.boolean;
    return true;
  }
  if (!value.IsString()) return false;
  if (field.name == kCreationTime) {
    withdrawal.create_time = ParseRfc3339(value.text);
    return withdrawal.create_time.has_value();
  }
  withdrawal.*(FindTextField(field.name)->place) = Utf8Prefix(value.text, kMaxWithdrawalText);
  return true;
}

// REQUIRES: value.IsObject().
Result<PendingWithdrawal> ParseWithdrawal(const JsonValue& value, OddFields& odd) {
  PendingWithdrawal withdrawal;
  SeenNames seen;
  for (const JsonMember& field : value.members) {
    if (IsDocumented(field.name) && !seen.Add(field.name)) {
      return MalformedReply(kName, "a pending withdrawal has a field twice");
    }
    if (!IsDocumented(field.name)) {
      odd.NameUnknown(QualifiedName(field));
    } else if (!ReadField(field, withdrawal)) {
      odd.NameUnreadable(QualifiedName(field));
    }
  }
  return withdrawal;
}

}  // namespace

Result<void> ParseWithdrawals(const JsonValue& value, CurrencyBalance& row, OddFields& odd) {
  if (value.IsNull()) return {};
  if (!value.IsArray() || value.elements.size() > kMaxWithdrawals) {
    odd.NameUnreadable(kPendingWithdrawals);
    return {};
  }
  row.are_withdrawals_reported = true;
  row.pending_withdrawals.reserve(value.elements.size());
  for (const JsonValue& element : value.elements) {
    if (!element.IsObject()) {
      odd.NameUnreadable(kPendingWithdrawals);
      row.are_withdrawals_reported = false;
      continue;
    }
    auto withdrawal = ParseWithdrawal(element, odd);
    if (!withdrawal) return tl::unexpected<Error>(std::move(withdrawal.error()));
    row.pending_withdrawals.push_back(*std::move(withdrawal));
  }
  return {};
}

}  // namespace balance::polymarket_us
