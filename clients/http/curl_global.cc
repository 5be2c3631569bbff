#include "clients/http/curl_global.h"

#include <curl/curl.h>

#include <cstdlib>
#include <stdexcept>

namespace balance {

CurlGlobal::CurlGlobal() {
  unsetenv("SSLKEYLOGFILE");
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    throw std::runtime_error("libcurl cannot start");
  }
}

CurlGlobal::~CurlGlobal() { curl_global_cleanup(); }

}  // namespace balance
