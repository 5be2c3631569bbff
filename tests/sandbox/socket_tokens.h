#pragma once

// PolySimulator's tickets for a WebSocket: short-lived, good for one socket.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clients/core/clock.h"
#include "tests/sandbox/encoding.h"
#include "tests/sandbox/venue.h"

namespace balance::sandbox {

// Used on the sandbox's loop only. REQUIRES: sodium_init() has succeeded.
class SocketTokens {
 public:
  // A token by which a socket becomes `owner`'s, until `expiry`.
  std::string Issue(const Caller& owner, SteadyTime expiry) {
    std::string token = "wst_" + RandomHex(24);
    issued_.push_back(token);
    valid_[token] = {owner, expiry};
    return token;
  }

  // Whose `token` is; nullopt if it was never issued, is used up or has expired.
  std::optional<Caller> Find(std::string_view token, SteadyTime now) const {
    const auto found = valid_.find(token);
    if (found == valid_.end() || now >= found->second.expiry) return std::nullopt;
    return found->second.owner;
  }

  // As Find(), and uses the token up.
  std::optional<Caller> Take(std::string_view token, SteadyTime now) {
    std::optional<Caller> owner = Find(token, now);
    if (const auto found = valid_.find(token); found != valid_.end()) valid_.erase(found);
    return owner;
  }

  // Every token so far, oldest first: what must not appear anywhere else.
  const std::vector<std::string>& issued() const { return issued_; }

 private:
  struct Token {
    Caller owner;
    SteadyTime expiry;
  };

  std::map<std::string, Token, std::less<>> valid_;
  std::vector<std::string> issued_;
};

}  // namespace balance::sandbox
