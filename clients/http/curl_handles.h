#pragma once

// libcurl's easy handles, ready to be told what to fetch. Made once and used again: making one and
// setting the thirty options that are always the same takes longer than an exchange.

#include <curl/curl.h>

#include <chrono>
#include <string>
#include <vector>

namespace balance {

// An exchange of which nothing arrives for this long is given up.
inline constexpr long kLowSpeedSeconds = 5;

// Sets after how long a connection is closed: `max_idle` after its last answer, and in any case
// some time after it was made. False if libcurl does not know it.
bool SetConnectionLimits(CURL* easy, std::chrono::seconds max_idle);

// Used on its loop's thread only.
class CurlHandles {
 public:
  CurlHandles(std::string user_agent, std::chrono::seconds max_idle);
  CurlHandles(const CurlHandles&) = delete;
  CurlHandles& operator=(const CurlHandles&) = delete;
  // REQUIRES: all have been given back.
  ~CurlHandles();

  // Takes a handle with every option set that does not depend on the request. Null if libcurl is
  // out of memory or does not know an option.
  CURL* Take();

  // REQUIRES: `easy` was taken, is in no multi handle and points to nothing of its exchange any
  // more.
  void Give(CURL* easy);

 private:
  bool Configure(CURL* easy) const;

  const std::string user_agent_;
  const std::chrono::seconds max_idle_;
  std::vector<CURL*> idle_;
};

}  // namespace balance
