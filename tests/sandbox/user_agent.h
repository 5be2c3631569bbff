#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "tests/sandbox/http_message.h"

namespace balance::sandbox {

// True if the call's User-Agent begins with one of `blocked`.
inline bool UserAgentIsBlocked(const HttpCall& call, const std::vector<std::string>& blocked) {
  const std::string_view agent = call.HeaderValue("User-Agent");
  return std::any_of(blocked.begin(), blocked.end(), [agent](const std::string& beginning) {
    return agent.starts_with(beginning);
  });
}

}  // namespace balance::sandbox
