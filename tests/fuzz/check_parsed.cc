#include "tests/fuzz/check_parsed.h"

#include <optional>
#include <set>
#include <string>

#include "clients/venue/unmapped_fields.h"

namespace balance::fuzz {
namespace {

// Ten names at most, and the words around them.
constexpr std::size_t kLongestWarning = 1000;
constexpr std::size_t kLongestWithdrawalText = 1024;

void CheckAmount(const std::optional<Amount>& amount) {
  if (!amount) return;
  const std::string text = amount->value.ToString();
  Require(IsPlainDecimal(text), "an amount is a plain decimal");
  const auto again = Decimal::Parse(text);
  Require(again && *again == amount->value, "an amount comes back from its text");
  Require(!amount->basis.empty() && IsPrintableAscii(amount->basis), "an amount has a basis");
}

void CheckText(const std::string& text, std::size_t most) {
  Require(IsUtf8(text), "a text is UTF-8");
  Require(text.size() <= most, "a text is bounded");
}

void CheckWithdrawal(const PendingWithdrawal& withdrawal) {
  CheckAmount(withdrawal.amount);
  for (const std::string* text :
       {&withdrawal.id, &withdrawal.account_name, &withdrawal.description, &withdrawal.bank_id,
        &withdrawal.destination_account_name, &withdrawal.status}) {
    CheckText(*text, kLongestWithdrawalText);
  }
}

void CheckBalance(const CurrencyBalance& balance) {
  CheckText(balance.currency_code, kMaxCurrencyCode);
  for (const auto& amount :
       {balance.cash, balance.available_to_trade, balance.equity, balance.position_value,
        balance.position_notional, balance.position_collateral, balance.open_orders,
        balance.margin_requirement, balance.unsettled, balance.pending_credit, balance.reserved,
        balance.withdrawable, balance.starting_capital, balance.total_pnl}) {
    CheckAmount(amount);
  }
  for (const PendingWithdrawal& withdrawal : balance.pending_withdrawals) {
    CheckWithdrawal(withdrawal);
  }
  Require(balance.other_fields.size() <= UnmappedFields::kMaxFields, "other fields are few");
  std::set<std::string> names;
  for (const auto& [name, text] : balance.other_fields) {
    CheckText(name, UnmappedFields::kMaxFieldName);
    CheckText(text, UnmappedFields::kMaxFieldText);
    Require(names.insert(name).second, "an other field stands once");
  }
}

}  // namespace

void CheckParsed(const Result<ParsedBalances>& parsed, LiteralMessages& messages) {
  if (!parsed) {
    Require(parsed.error().kind == ErrorKind::kReplyInvalid, "the reply is what is wrong");
    Require(!parsed.error().retry_after && parsed.error().log_detail.empty(),
            "nothing else is set");
    messages.Check(parsed.error().message);
    return;
  }
  std::set<std::string> currencies;
  for (const CurrencyBalance& balance : parsed->balances) {
    CheckBalance(balance);
    Require(balance.currency_code.empty() || currencies.insert(balance.currency_code).second,
            "a currency has one balance");
  }
  for (const Warning& warning : parsed->warnings) {
    Require(IsPrintableAscii(warning.detail), "a warning is printable");
    Require(!warning.detail.empty() && warning.detail.size() <= kLongestWarning,
            "a warning is of sensible length");
  }
}

}  // namespace balance::fuzz
