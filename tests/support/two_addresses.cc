#include "tests/support/two_addresses.h"

#include <dlfcn.h>
#include <netdb.h>

#include <cstring>

namespace balance {
namespace {

using GetAddrInfo = int(const char*, const char*, const addrinfo*, addrinfo**);

GetAddrInfo* Next() {
  static auto* const next = reinterpret_cast<GetAddrInfo*>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return next;
}

int ResolveBoth(const char* service, const addrinfo* hints, addrinfo** result) {
  addrinfo* first = nullptr;
  addrinfo* second = nullptr;
  if (const int error = Next()(kFirstAddress, service, hints, &first); error != 0) return error;
  if (const int error = Next()(kSecondAddress, service, hints, &second); error != 0) {
    freeaddrinfo(first);
    return error;
  }
  addrinfo* last = first;
  while (last->ai_next) last = last->ai_next;
  last->ai_next = second;
  *result = first;
  return 0;
}

}  // namespace
}  // namespace balance

// Found before the C library's, by shared libraries too.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  if (node && std::strcmp(node, balance::kTwoAddresses) == 0) {
    return balance::ResolveBoth(service, hints, result);
  }
  return balance::Next()(node, service, hints, result);
}
