#include "tests/soak/logins.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "tests/soak/service_process.h"

namespace balance {

using sandbox::Fault;
using sandbox::FaultKind;
using sandbox::Side;

// Condition of a login.
struct Logins::Condition {
  Health health = Health::kHealthy;
  // Money in a second currency too. Polymarket's only.
  bool two_currencies = false;
  // The fault of a sick login, and the reason that its readers are told.
  Fault sickness = {};
  const char* reason = "";
};

namespace {

Fault Reply(int status, const std::string& body, const std::string& type = "application/json") {
  Fault fault;
  fault.status = status;
  fault.headers = {{"Content-Type", type}};
  fault.body = body;
  return fault;
}

Fault Hang() {
  Fault fault;
  fault.kind = FaultKind::kHang;
  return fault;
}

// How many characters of a PolySimulator key the sandbox counts by.
constexpr std::size_t kCountedKeyCharacters = 16;

}  // namespace

Logins::Logins(sandbox::Sandbox& upstreams, std::string folder)
    : upstreams_(upstreams), folder_(std::move(folder)) {
  const Condition healthy;
  const Condition flickering{.health = Health::kFlickering};
  const Condition flickering_rows{.health = Health::kFlickering, .two_currencies = true};
  const auto sick = [](Fault fault, const char* reason) {
    return Condition{.health = Health::kSick, .sickness = std::move(fault), .reason = reason};
  };
  AddAccount("steady-1", healthy, healthy);
  AddAccount("steady-2", healthy, healthy);
  AddAccount("flicker-1", flickering, flickering);
  AddAccount("flicker-2", flickering_rows, healthy);
  AddAccount("half-1", sick(Reply(500, ""), "SOURCE_ERROR"), healthy);
  AddAccount("half-2", healthy, sick(Hang(), "SOURCE_UNREACHABLE"));
  AddAccount("sick-1", sick(Reply(200, "<html>log in</html>", "text/html"), "SOURCE_REPLY_INVALID"),
             sick(Reply(409, R"({"error":"CONFLICT","message":"later"})"), "SOURCE_ERROR"));
  AddAccount("sick-2", sick(Hang(), "SOURCE_UNREACHABLE"),
             sick(Reply(404, "404 page not found", "text/plain"), "SOURCE_ERROR"));
  AddAccount(
      "sick-3", sick(Reply(403, "blocked", "text/html"), "SOURCE_FORBIDDEN"),
      sick(Reply(401, R"({"error":"KEY_EXPIRED","message":"no"})"), "SOURCE_CREDENTIALS_REJECTED"));
  AddAccount(kSpareAccount, healthy, healthy);
  accounts_.pop_back();
}

void Logins::AddAccount(const std::string& account, const Condition& polymarket,
                        const Condition& polysimulator) {
  AddPolymarket(account, polymarket);
  AddPolysimulator(account, polysimulator);
  accounts_.push_back(account);
}

void Logins::AddPolymarket(const std::string& account, const Condition& condition) {
  sandbox::PolymarketKey key = sandbox::GeneratePolymarketKey();
  key.wallet = account;
  // No two wallets hold the same, or one's figure could be taken for the other's.
  sandbox::PolymarketRow row;
  row.current_balance = std::to_string(10'000 * (all_.size() + 1)) + ".1234";
  sandbox::PolymarketLedger ledger{{row}};
  if (condition.two_currencies) {
    row.currency = "USDC";
    ledger.rows.push_back(row);
  }
  if (!upstreams_.SetLedger(ledger, account) || !upstreams_.AddKey(key)) {
    throw std::runtime_error("the sandbox refuses a login");
  }
  Login login{account,           "accounts/" + account + "/sources/polymarket-us",
              Side::kPolymarket, condition.health,
              key.wallet,        key.key_id,
              condition.reason};
  WriteSecret(SecretFile(login, "key-id"), key.key_id);
  WriteSecret(SecretFile(login, "secret-key"), key.secret_key);
  Add(std::move(login), condition);
}

void Logins::AddPolysimulator(const std::string& account, const Condition& condition) {
  sandbox::PolysimKey key = sandbox::GeneratePolysimKey();
  key.wallet = account;
  sandbox::PolysimLedger ledger;
  ledger.balance = std::to_string(10'000 * (all_.size() + 1)) + ".12";
  if (!upstreams_.SetLedger(ledger, account) || !upstreams_.AddKey(key)) {
    throw std::runtime_error("the sandbox refuses a login");
  }
  Login login{account,
              "accounts/" + account + "/sources/polysimulator",
              Side::kPolysimulator,
              condition.health,
              key.wallet,
              key.api_key.substr(0, kCountedKeyCharacters),
              condition.reason};
  WriteSecret(SecretFile(login, "api-key"), key.api_key);
  Add(std::move(login), condition);
}

void Logins::Add(Login login, const Condition& condition) {
  if (condition.health == Health::kSick) {
    Fault fault = condition.sickness;
    fault.key = login.key;
    fault.count = 0;
    upstreams_.Push(login.side, std::move(fault));
  }
  all_.push_back(std::move(login));
}

const Login& Logins::Of(const std::string& source) const {
  const auto found = std::find_if(all_.begin(), all_.end(),
                                  [&source](const Login& login) { return login.source == source; });
  if (found == all_.end()) throw std::out_of_range("no login for " + source);
  return *found;
}

std::string Logins::SecretFile(const Login& login, const std::string& name) const {
  return folder_ + "/" + login.account + "-" + name;
}

std::string Logins::SourceYaml(const Login& login) const {
  const auto file = [&](const std::string& name) {
    return "{file: " + SecretFile(login, name) + "}";
  };
  const std::string url = "{base_url: '" + upstreams_.BaseUrl(login.side) + "', ";
  if (login.side == Side::kPolymarket) {
    return "  - {id: polymarket-us, fund_class: REAL_MONEY, polymarket_us: " + url +
           "key_id: " + file("key-id") + ", secret_key: " + file("secret-key") + "}}\n";
  }
  return "  - {id: polysimulator, polysimulator: " + url + "api_key: " + file("api-key") + "}}\n";
}

std::string Logins::AccountsYaml(bool with_spare) const {
  std::string yaml = "accounts:\n";
  std::string last;
  for (const Login& login : all_) {
    if (login.account == kSpareAccount && !with_spare) continue;
    if (login.account != last) yaml += "- id: " + login.account + "\n  sources:\n";
    yaml += SourceYaml(login);
    last = login.account;
  }
  return yaml;
}

}  // namespace balance
