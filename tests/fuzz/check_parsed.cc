#include "tests/fuzz/check_parsed.h"

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "clients/http/scrub.h"
#include "clients/venue/currency_code.h"
#include "clients/venue/odd_fields.h"

namespace balance::fuzz {
namespace {

// Ten names at most, and the words around them.
constexpr std::size_t kLongestWarning = 1000;
constexpr std::size_t kLongestWithdrawalText = 1024;

void CheckAmount(const OptionalAmount& amount) {
  if (!amount) return;
  const std::string text = amount->value.ToString();
  Require(IsPlainDecimal(text), "an amount is a plain decimal");
  const auto again = Decimal::Parse(text);
  Require(again && *again == amount->value, "an amount comes back from its text");
  const std::string_view basis = amount->basis;
  Require(!basis.empty() && IsPrintableAscii(basis), "an amount has a basis");
}

void CheckText(const std::string& text, std::size_t most) {
  Require(IsUtf8(text), "a text is UTF-8");
  Require(text.size() <= most, "a text is bounded");
  Require(!HoldsSecret(text, kSecrets), "a text holds no secret");
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
  CheckText(balance.currency_code, kMaxShownCurrency);
  Require(IsPrintableAscii(balance.currency_code), "a currency is printable");
  Require(!balance.HasCurrency() || balance.currency_code.size() <= kMaxCurrencyCode,
          "a currency that is totalled is a code");
  for (const MoneyField& field : kMoneyFields) CheckAmount(balance.*(field.place));
  for (const PendingWithdrawal& withdrawal : balance.pending_withdrawals) {
    CheckWithdrawal(withdrawal);
  }
  Require(balance.other_fields.size() <= OddFields::kMaxFields, "other fields are few");
  std::set<std::string> names;
  for (const auto& [name, text] : balance.other_fields) {
    CheckText(name, OddFields::kMaxFieldName);
    CheckText(text, OddFields::kMaxFieldText);
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
    Require(!HoldsSecret(warning.detail, kSecrets), "a warning holds no secret");
    Require(!warning.detail.empty() && warning.detail.size() <= kLongestWarning,
            "a warning is of sensible length");
  }
}

}  // namespace balance::fuzz
