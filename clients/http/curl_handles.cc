#include "clients/http/curl_handles.h"

#include <utility>

namespace balance {
namespace {

// Speed below which a transfer is as good as dead if it lasts kLowSpeedSeconds.
constexpr long kLowSpeedBytesPerSecond = 1;
// Longest life of a connection.
constexpr long kMaxConnectionSeconds = 300;
// Size of the receive buffer, which an ordinary balance fits in.
constexpr long kBufferBytes = 4096;
// Most idle handles that are kept: more exchanges are seldom under way at once.
constexpr std::size_t kMostIdle = 256;

}  // namespace

bool SetConnectionLimits(CURL* easy, std::chrono::seconds max_idle) {
  const long idle = static_cast<long>(max_idle.count());
  return curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, idle) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, kMaxConnectionSeconds) == CURLE_OK;
}

CurlHandles::CurlHandles(std::string user_agent, std::chrono::seconds max_idle)
    : user_agent_(std::move(user_agent)), max_idle_(max_idle) {}

CurlHandles::~CurlHandles() {
  for (CURL* easy : idle_) curl_easy_cleanup(easy);
}

CURL* CurlHandles::Take() {
  if (!idle_.empty()) {
    CURL* easy = idle_.back();
    idle_.pop_back();
    return easy;
  }
  CURL* easy = curl_easy_init();
  if (!easy || Configure(easy)) return easy;
  curl_easy_cleanup(easy);
  return nullptr;
}

void CurlHandles::Give(CURL* easy) {
  if (idle_.size() < kMostIdle) {
    idle_.push_back(easy);
  } else {
    curl_easy_cleanup(easy);
  }
}

bool CurlHandles::Configure(CURL* easy) const {
  bool accepted = SetConnectionLimits(easy, max_idle_);
  // An option that is not taken, such as the one against redirects, must not go unnoticed.
  const auto set = [easy, &accepted](CURLoption option, auto value) {
    if (curl_easy_setopt(easy, option, value) != CURLE_OK) accepted = false;
  };
  const char* const none = nullptr;
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
  // A resumed session shows no certificate, so one whose CA was withdrawn, or that has expired,
  // would go on being accepted. Connections are kept, so there are few handshakes to save.
  set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
  // CAs come from TrustStores. libcurl would keep its own for a day.
  set(CURLOPT_CAINFO, none);
  set(CURLOPT_CAPATH, none);
  set(CURLOPT_CA_CACHE_TIMEOUT, 0L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  // Proxies of the environment would see the keys.
  set(CURLOPT_PROXY, "");
  // With this, libcurl does not search the environment for hosts without a proxy, twice a request.
  set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_NOSIGNAL, 1L);
  // A resolver that hangs must not block the loop when its transfer is given up.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  return accepted;
}

}  // namespace balance
