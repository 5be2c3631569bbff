#include "clients/http/curl_global.h"

#include <curl/curl.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

namespace balance {
namespace {

// libcurl copies request headers, keys among them, into memory of its own and frees it as it is.
// With these it is wiped first.
void WipeAndFree(void* memory) {
  if (memory) explicit_bzero(memory, malloc_usable_size(memory));
  std::free(memory);
}

void* WipeAndRealloc(void* memory, std::size_t size) {
  if (!memory) return std::malloc(size);
  const std::size_t room = malloc_usable_size(memory);
  void* const moved = std::malloc(size);
  if (!moved) return nullptr;
  std::memcpy(moved, memory, std::min(room, size));
  WipeAndFree(memory);
  return moved;
}

}  // namespace

CurlGlobal::CurlGlobal() {
  unsetenv("SSLKEYLOGFILE");
  if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, std::malloc, WipeAndFree, WipeAndRealloc, strdup,
                           std::calloc) != CURLE_OK) {
    throw std::runtime_error("libcurl cannot start");
  }
}

CurlGlobal::~CurlGlobal() { curl_global_cleanup(); }

std::string CurlVersion() { return curl_version(); }

TrustStores::System SystemCas() {
  const curl_version_info_data* const libcurl = curl_version_info(CURLVERSION_NOW);
  const auto text = [](const char* path) { return path ? std::string(path) : std::string(); };
  return {text(libcurl->cainfo), text(libcurl->capath)};
}

}  // namespace balance
