#pragma once

// libcurl's easy handles, ready to be told what to fetch. Made once and used again: making one and
// setting the thirty options that are always the same takes longer than an exchange.

#include <curl/curl.h>

#include <map>
#include <string>
#include <vector>

namespace balance {

// An exchange of which nothing arrives for so long is given up.
inline constexpr long kLowSpeedSeconds = 5;

// Used on its loop's thread only.
class CurlHandles {
 public:
  explicit CurlHandles(std::string user_agent);
  CurlHandles(const CurlHandles&) = delete;
  CurlHandles& operator=(const CurlHandles&) = delete;
  // REQUIRES: all have been given back.
  ~CurlHandles();

  // With every option set that does not depend on the request, and `ca_file` (empty: none). Null if
  // libcurl is out of memory or does not know an option.
  CURL* Take(const std::string& ca_file);

  // REQUIRES: `easy` was taken with this `ca_file`, is in no multi handle and points to nothing of
  // its exchange any more.
  void Give(CURL* easy, const std::string& ca_file);

 private:
  bool Configure(CURL* easy, const std::string& ca_file) const;

  const std::string user_agent_;
  // By CA file.
  std::map<std::string, std::vector<CURL*>> idle_;
};

}  // namespace balance
