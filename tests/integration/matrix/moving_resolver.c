// Preloaded into the service: a name server for one name, whose addresses stand in a file that the
// test writes, one a line. Each time it is asked it goes on to the next one, and stays at the last.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_int asked;

int getaddrinfo(const char* node, const char* service, const struct addrinfo* hints,
                struct addrinfo** result) {
  int (*next)(const char*, const char*, const struct addrinfo*, struct addrinfo**);
  char line[64];
  char address[64] = "";
  *(void**)&next = dlsym(RTLD_NEXT, "getaddrinfo");
  if (node && strcmp(node, "moving.test") == 0) {
    FILE* file = fopen(getenv("MOVING_RESOLVER_FILE"), "r");
    if (!file) return EAI_AGAIN;
    for (int left = atomic_fetch_add(&asked, 1); left >= 0; --left) {
      if (!fgets(line, sizeof line, file)) break;
      line[strcspn(line, "\n")] = 0;
      strcpy(address, line);
    }
    fclose(file);
    node = address;
  }
  return next(node, service, hints, result);
}
