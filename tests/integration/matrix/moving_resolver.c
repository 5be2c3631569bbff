// Preloaded into the service: a name server for one name, whose address stands in a file that the
// test writes.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int getaddrinfo(const char* node, const char* service, const struct addrinfo* hints,
                struct addrinfo** result) {
  int (*next)(const char*, const char*, const struct addrinfo*, struct addrinfo**);
  char address[64] = "";
  *(void**)&next = dlsym(RTLD_NEXT, "getaddrinfo");
  if (node && strcmp(node, "moving.test") == 0) {
    FILE* file = fopen(getenv("MOVING_RESOLVER_FILE"), "r");
    if (!file) return EAI_AGAIN;
    if (!fgets(address, sizeof address, file)) address[0] = 0;
    fclose(file);
    node = address;
  }
  return next(node, service, hints, result);
}
