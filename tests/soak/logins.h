#pragma once

// Many logins of two venues, each with money of its own, some of which are in trouble all the time.

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sandbox/sandbox.h"

namespace balance {

enum class Health : std::uint8_t {
  // Each of its requests is answered truly.
  kHealthy,
  // The same, but now and then one request is told that money is gone which is there.
  kFlickering,
  // None of its requests gets an answer that is a balance.
  kSick,
};

struct Login {
  std::string account;
  // The full name of its source.
  std::string source;
  sandbox::Side side;
  Health health;
  // The wallet is its alone.
  std::string wallet;
  // Key by which the sandbox counts its requests: RequestRecord::key.
  std::string key;
  // ErrorInfo.reason of the failure that a sick login meets.
  std::string reason;
};

// Knows the logins after construction only; thread-safe then.
class Logins {
 public:
  // An account that is configured at times only, so that there is something to reload.
  static constexpr const char* kSpareAccount = "spare";

  // Makes the logins known to the upstreams, makes the sick ones sick, and writes the secrets into
  // `folder`.
  Logins(sandbox::Sandbox& upstreams, std::string folder);

  // All logins; those of the spare account come last.
  const std::vector<Login>& all() const { return all_; }
  // The login that a source reads with. REQUIRES: there is one.
  const Login& Of(const std::string& source) const;
  // Ids, without that of the spare account.
  const std::vector<std::string>& accounts() const { return accounts_; }

  // The `accounts` block of the service's configuration.
  std::string AccountsYaml(bool with_spare) const;

 private:
  struct Condition;

  void AddAccount(const std::string& account, const Condition& polymarket,
                  const Condition& polysimulator);
  void AddPolymarket(const std::string& account, const Condition& condition);
  void AddPolysimulator(const std::string& account, const Condition& condition);
  void Add(Login login, const Condition& condition);
  std::string SecretFile(const Login& login, const std::string& name) const;
  std::string SourceYaml(const Login& login) const;

  sandbox::Sandbox& upstreams_;
  const std::string folder_;
  std::vector<Login> all_;
  std::vector<std::string> accounts_;
};

}  // namespace balance
