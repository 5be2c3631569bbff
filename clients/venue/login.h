#pragma once

// How a source logs in at its venue, in terms that every venue shares.

#include <memory>
#include <string>

#include "clients/core/secret.h"
#include "clients/http/base_url.h"

namespace balance {

// What a venue derives from a login's secret before it can log in, if that takes a while. Shared by
// everything that uses the login; thread-safe.
class LoginKey {
 public:
  LoginKey() = default;
  LoginKey(const LoginKey&) = delete;
  LoginKey& operator=(const LoginKey&) = delete;
  virtual ~LoginKey() = default;

  // Derives it now. Otherwise the first use does.
  virtual void Prepare() const = 0;
};

// A value; made by the venue's ReadLogin() from what is configured.
struct Login {
  // Through Venue::Normalize().
  BaseUrl base_url;
  // What names the credential, such as a key id. Not secret by itself, masked in print all the
  // same. Empty if the venue knows a credential by its secret alone.
  std::string key_id;
  // All that proves who asks, in one piece, for each Secret takes pages of its own: a venue with
  // several secret parts joins them. Null: the login is not complete, for a part of it could not be
  // loaded.
  std::shared_ptr<const Secret> secret;
  // Null if the venue derives nothing, or if the login was not made by ReadLogin(): then each of
  // its clients derives its own.
  std::shared_ptr<const LoginKey> key = nullptr;
};

}  // namespace balance
