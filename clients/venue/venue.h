#pragma once

// A venue as the rest of the service sees it. Each venue's folder below clients/ describes itself
// by one object of this type, which its function TheVenue() returns; nobody else names a venue. See
// docs/adding-a-venue.md.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"
#include "clients/core/source_info.h"
#include "clients/core/upstream_clock.h"
#include "clients/http/base_url.h"
#include "clients/http/http_transport.h"
#include "clients/venue/client_settings.h"
#include "clients/venue/login.h"
#include "clients/venue/push_login.h"

namespace balance {

// One secret part of a login, as it is configured.
struct LoginField {
  // Key in the configuration, beside `base_url`.
  std::string_view key;
  // Environment variable that holds it where there is no configuration file.
  std::string_view variable;
  // The venue's own name for it, such as "secret key".
  std::string_view words;
  // True if the field becomes Login::key_id.
  bool is_key_id = false;
};

// Class of the money that a venue holds.
struct VenueMoney {
  // Class of the money at the production address.
  FundClass fund_class;
  // True if the class is the same at every other address. If not, the configuration must state it
  // there.
  bool is_fixed;
};

// Facts about a venue, from its API documentation. Texts live as long as the program.
struct VenueFacts {
  SourceKind kind;
  // Key of its logins in the configuration: lower-case words joined by underscores. It also names
  // the venue's folder and, in capitals, its kind in balance.v1 and in metrics.
  std::string_view key;
  // Name in texts for people.
  std::string_view name;
  // Base URL of its production.
  std::string_view base_url;
  // Route of the balances, which requests append to the base URL.
  std::string_view route;
  // Measures that the venue can report.
  Measures measures;
  VenueMoney money;
  // Fields of a login, in the order in which they are read, asked for and printed. At least one is
  // no key id.
  std::vector<LoginField> login;
  // Environment variables where there is no configuration file. The second one is empty if the
  // venue's money is fixed.
  std::string_view base_url_variable;
  std::string_view fund_class_variable;
  // Budget of a credential for which the configuration states none.
  RateSettings rate;
  // True if the venue has a stream that tells of changes: then MakePushLogin() returns no null.
  bool has_push = false;
};

// Something about a part of a login, for the person who configured it. Repeats nothing of it.
struct LoginRemark {
  // Index into VenueFacts::login.
  std::size_t field;
  // True if the login is refused; false for a warning about a login that works but is hardly meant.
  bool is_refusal;
  // Text about the problem that can stand behind the field's name.
  std::string problem;
  std::string remedy;
};

// The result of ReadLogin(); for its members see Login.
struct LoginParts {
  std::string key_id;
  std::shared_ptr<const Secret> secret;
  std::shared_ptr<const LoginKey> key = nullptr;
  std::vector<LoginRemark> remarks = {};
};

// Immutable, lives as long as the program, used on any thread. All methods are pure.
class Venue {
 public:
  virtual ~Venue() = default;
  Venue(const Venue&) = delete;
  Venue& operator=(const Venue&) = delete;

  const VenueFacts& facts() const { return facts_; }
  // Id of its source where there is no configuration file: the key, with hyphens.
  std::string Id() const;
  // Name of its kind in balance.v1: the key, in capitals.
  std::string KindName() const;

  // The address that `url` stands for, if the venue's documentation shows it in several forms.
  virtual BaseUrl Normalize(BaseUrl url) const { return url; }

  // Reads a login. `texts` has one for each of the login's fields: 1 to 4096 printable ASCII
  // characters without spaces, or empty if that part could not be loaded, of which nothing more
  // needs to be said. REQUIRES: sodium_init() has succeeded.
  virtual LoginParts ReadLogin(std::span<const std::string_view> texts) const = 0;

  // Name of the login's credential, in the one form in which equal credentials have equal names.
  // Empty if the credential is known by its secret alone.
  virtual std::string CredentialName(const Login& login) const { return login.key_id; }

  // The client that reads the balances of `login`, which is complete. `transport` and `clock` must
  // outlive it. `host_clock` is that of the login's host.
  virtual std::unique_ptr<BalanceSource> MakeClient(
      std::shared_ptr<const Login> login, ClientSettings settings, HttpTransport& transport,
      Clock& clock, std::shared_ptr<UpstreamClock> host_clock) const = 0;

  // The object that connects `login`, which is complete, to the socket on which the venue tells of
  // changes. Null exactly if the venue has none (VenueFacts::has_push). Does not keep `login`; the
  // other arguments are as in MakeClient().
  virtual std::unique_ptr<PushLogin> MakePushLogin(
      const Login& /*login*/, ClientSettings /*settings*/, HttpTransport& /*transport*/,
      Clock& /*clock*/, std::shared_ptr<UpstreamClock> /*host_clock*/) const {
    return nullptr;
  }

 protected:
  explicit Venue(VenueFacts facts) : facts_(std::move(facts)) {}

 private:
  const VenueFacts facts_;
};

// The venues that a program knows, in the order in which texts name them.
using Venues = std::vector<const Venue*>;

// Null if none has the key.
const Venue* FindVenue(const Venues& venues, std::string_view key);

// The kinds of all of them, with their names.
std::vector<NamedKind> KindsOf(const Venues& venues);

}  // namespace balance
