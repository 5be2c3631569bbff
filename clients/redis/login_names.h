#pragma once

// Names of the keys and of the channel that a login has in Redis, and of the key that all share.

#include <string>
#include <string_view>

#include "clients/core/secret.h"

namespace balance {

// What the names are made of.
struct LoginIdentity {
  // Id of the venue.
  std::string_view kind;
  // Address of the upstream, in its normal form.
  std::string_view base_url;
  // What names the credential. Empty: the venue knows a credential by its secret alone.
  std::string_view key_id;
  // All that proves who asks.
  const Secret& secret;
};

// Names are `bal:{ID}:...`. They are the same in all replicas and for all accounts with the login.
// All but the bucket's are of one login, and of the releases of one schema version. The bucket's is
// of the credential: the upstream counts its requests at whatever address, and of whatever release
// they are. So what a release keeps in a bucket, every other one must be able to read.
//
// The ID is a BLAKE2b hash, keyed by the secret where the credential has no other name. It does not
// depend on the sealing key: while that is replaced, replicas with either key must share one
// bucket, or the upstream would see both their rates.
struct LoginNames {
  // Newest reading and newest failure. Also the additional data of what is published on `channel`.
  std::string reading;
  // Who fetches now.
  std::string lease;
  // Rate budget of the credential, whatever the login's address.
  std::string bucket;
  // Pause that the upstream asked for.
  std::string pause;
  // Hold-off of the secret that the upstream rejected. Another secret of the login has another one.
  std::string hold_off;
  // Channel on which new values are published.
  std::string channel;
};

// The one key that is of no login: until when the times in Redis are doubtful, since its clock was
// set back.
inline constexpr std::string_view kClockKey = "bal:clock";

// REQUIRES: sodium_init() has succeeded.
LoginNames NamesOf(const LoginIdentity& login);

}  // namespace balance
