#pragma once

// PolySimulator's logins: an API key in one of four headers, or a website session.

#include <map>
#include <optional>
#include <string>

#include "clients/core/result.h"
#include "tests/sandbox/credentials.h"
#include "tests/sandbox/http_message.h"
#include "tests/sandbox/polysimulator_error.h"
#include "tests/sandbox/switches.h"

namespace balance::sandbox {

struct PolysimulatorVerdict {
  // The first 16 characters of the key, "jwt", or empty.
  std::string key;
  // The whole key or token, or empty.
  std::string credential;
  std::string wallet;
  std::optional<PolysimulatorError> refusal;
};

// Used on the sandbox's loop only.
class PolysimulatorAuth {
 public:
  // Fails with kInvalidInput unless the key begins with "ps_live_" or "ps_test_" and is printable.
  Result<void> AddKey(const PolysimKey& key);

  // X-API-Key wins over Poly-API-Key, POLY_API_KEY and Authorization: Bearer, in this order.
  PolysimulatorVerdict Judge(const HttpCall& call, const PolysimSwitches& switches) const;

 private:
  std::map<std::string, PolysimKey, std::less<>> keys_;
};

}  // namespace balance::sandbox
