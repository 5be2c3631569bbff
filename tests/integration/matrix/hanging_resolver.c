// Preloaded into the service: a name server that never answers for one name. What the name is, the
// test knows too.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char* node, const char* service, const struct addrinfo* hints,
                struct addrinfo** result) {
  static const char kAsked[] = "hanging_resolver: asked\n";
  int (*next)(const char*, const char*, const struct addrinfo*, struct addrinfo**);
  if (node && strcmp(node, "hanging.test") == 0) {
    if (write(STDERR_FILENO, kAsked, sizeof kAsked - 1) < 0) return EAI_SYSTEM;
    for (;;) pause();
  }
  *(void**)&next = dlsym(RTLD_NEXT, "getaddrinfo");
  return next(node, service, hints, result);
}
