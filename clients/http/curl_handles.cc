#include "clients/http/curl_handles.h"

#include <utility>

namespace balance {
namespace {

// Slower than this for this long is as good as dead.
constexpr long kLowSpeedBytesPerSecond = 1;
// Balancers close idle connections without a word, so ours do not grow old.
constexpr long kMaxIdleSeconds = 25;
constexpr long kMaxConnectionSeconds = 300;
// For what arrives, a buffer that an ordinary balance fits in.
constexpr long kBufferBytes = 4096;
// Of each CA file; more exchanges than these are seldom under way at once.
constexpr std::size_t kMostIdle = 256;

}  // namespace

CurlHandles::CurlHandles(std::string user_agent) : user_agent_(std::move(user_agent)) {}

CurlHandles::~CurlHandles() {
  for (const auto& [ca_file, idle] : idle_) {
    for (CURL* easy : idle) curl_easy_cleanup(easy);
  }
}

CURL* CurlHandles::Take(const std::string& ca_file) {
  std::vector<CURL*>& idle = idle_[ca_file];
  if (!idle.empty()) {
    CURL* easy = idle.back();
    idle.pop_back();
    return easy;
  }
  CURL* easy = curl_easy_init();
  if (!easy || Configure(easy, ca_file)) return easy;
  curl_easy_cleanup(easy);
  return nullptr;
}

void CurlHandles::Give(CURL* easy, const std::string& ca_file) {
  std::vector<CURL*>& idle = idle_[ca_file];
  if (idle.size() < kMostIdle) {
    idle.push_back(easy);
  } else {
    curl_easy_cleanup(easy);
  }
}

bool CurlHandles::Configure(CURL* easy, const std::string& ca_file) const {
  bool accepted = true;
  // An option that is not taken, such as the one against redirects, must not go unnoticed.
  const auto set = [easy, &accepted](CURLoption option, auto value) {
    if (curl_easy_setopt(easy, option, value) != CURLE_OK) accepted = false;
  };
  set(CURLOPT_USERAGENT, user_agent_.c_str());
  set(CURLOPT_BUFFERSIZE, kBufferBytes);
  set(CURLOPT_LOW_SPEED_LIMIT, kLowSpeedBytesPerSecond);
  set(CURLOPT_LOW_SPEED_TIME, kLowSpeedSeconds);
  // HTTP/2 of libcurl 7.88.1 can report cut bodies as complete.
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  // Our headers, keys among them, would follow a redirect to another origin.
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!ca_file.empty()) set(CURLOPT_CAINFO, ca_file.c_str());
  // Proxies of the environment would see the keys.
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_NOSIGNAL, 1L);
  // A resolver that hangs must not block the loop when its transfer is given up.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_MAXAGE_CONN, kMaxIdleSeconds);
  set(CURLOPT_MAXLIFETIME_CONN, kMaxConnectionSeconds);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  return accepted;
}

}  // namespace balance
