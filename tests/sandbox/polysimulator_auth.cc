#include "tests/sandbox/polysimulator_auth.h"

#include <algorithm>
#include <string_view>

namespace balance::sandbox {
namespace {

// Public by the venue's own account. Keys may share it.
constexpr std::size_t kPublicPrefix = 16;
constexpr std::string_view kBearer = "Bearer ";

bool LooksLikeKey(std::string_view text) {
  return text.starts_with("ps_live_") || text.starts_with("ps_test_");
}

std::string_view Bearer(const HttpCall& call) {
  std::string_view value = call.HeaderValue("Authorization");
  if (!value.starts_with(kBearer)) return {};
  value.remove_prefix(kBearer.size());
  return value;
}

std::string_view PresentedKey(const HttpCall& call) {
  for (const char* name : {"X-API-Key", "Poly-API-Key", "POLY_API_KEY"}) {
    const std::string_view value = call.HeaderValue(name);
    if (!value.empty()) return value;
  }
  const std::string_view bearer = Bearer(call);
  return LooksLikeKey(bearer) ? bearer : std::string_view();
}

std::optional<PolysimulatorError> StateRefusal(KeyState state, bool separate_codes) {
  const auto code = [separate_codes](const char* name) {
    return std::string(separate_codes ? name : "INVALID_KEY");
  };
  switch (state) {
    case KeyState::kActive:
      return std::nullopt;
    case KeyState::kExpired:
      return PolysimulatorError{401, code("KEY_EXPIRED"), "API key has expired"};
    case KeyState::kDeactivated:
      return PolysimulatorError{401, code("KEY_DEACTIVATED"), "API key is deactivated"};
    case KeyState::kForbidden:
      return PolysimulatorError{403, "INSUFFICIENT_PERMISSION", "The key lacks a permission"};
  }
  return std::nullopt;
}

}  // namespace

Result<void> PolysimulatorAuth::AddKey(const PolysimKey& key) {
  const bool printable = std::all_of(key.api_key.begin(), key.api_key.end(),
                                     [](char c) { return '!' <= c && c <= '~'; });
  if (!printable || !LooksLikeKey(key.api_key)) {
    return Fail(ErrorKind::kInvalidInput,
                "a PolySimulator key begins with ps_live_ or ps_test_ and is printable");
  }
  keys_[key.api_key] = key;
  return {};
}

PolysimulatorVerdict PolysimulatorAuth::Judge(const HttpCall& call,
                                              const PolysimSwitches& switches) const {
  const std::string_view key = PresentedKey(call);
  PolysimulatorVerdict verdict;
  if (!key.empty()) {
    verdict.key = std::string(key.substr(0, kPublicPrefix));
    verdict.credential = std::string(key);
    const auto found = keys_.find(key);
    if (found == keys_.end()) {
      verdict.refusal = PolysimulatorError{401, "INVALID_KEY", "Invalid API key"};
      return verdict;
    }
    verdict.wallet = found->second.wallet;
    verdict.refusal = StateRefusal(found->second.state, switches.separate_key_codes);
    return verdict;
  }
  const std::string_view token = Bearer(call);
  if (std::count(token.begin(), token.end(), '.') == 2) {
    verdict.key = "jwt";
    verdict.credential = std::string(token);
    verdict.wallet = "main";
    if (!switches.accept_jwt) {
      verdict.refusal = PolysimulatorError{401, "INVALID_TOKEN", "Invalid token"};
    }
  } else if (switches.legacy_missing_key) {
    verdict.refusal = PolysimulatorError{422, "", "Field required"};
  } else {
    verdict.refusal = PolysimulatorError{401, "MISSING_AUTH", "No credentials supplied"};
  }
  return verdict;
}

}  // namespace balance::sandbox
