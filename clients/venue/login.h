#pragma once

// The login of a source at its venue, in terms that every venue shares.

#include <memory>
#include <string>

#include "clients/core/secret.h"
#include "clients/http/base_url.h"

namespace balance {

// A key that a venue derives from a login's secret before it can log in, where that takes a while.
// Shared by everything that uses the login; thread-safe.
class LoginKey {
 public:
  LoginKey() = default;
  LoginKey(const LoginKey&) = delete;
  LoginKey& operator=(const LoginKey&) = delete;
  virtual ~LoginKey() = default;

  // Derives the key now, so that its first use need not.
  virtual void Prepare() const = 0;
};

// A value; made by the venue's ReadLogin() from what is configured.
struct Login {
  // The venue's address, normalized by Venue::Normalize().
  BaseUrl base_url;
  // Name of the credential, such as a key id. It is no secret by itself, but masked in print all
  // the same. Empty if the venue knows a credential by its secret alone.
  std::string key_id;
  // The secret of the credential as one piece, since each Secret takes pages of its own; a venue
  // with several secret parts joins them. Null if a part of it could not be loaded: then the login
  // is not complete.
  std::shared_ptr<const Secret> secret;
  // The derived key. Null if the venue derives none, or if the login was not made by ReadLogin():
  // then each of its clients derives its own.
  std::shared_ptr<const LoginKey> key = nullptr;
};

}  // namespace balance
