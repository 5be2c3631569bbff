// Preloaded into the service: once there is a file of that name with ".hang" behind it, reading one
// never ends, as with a network file system whose server is gone.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int open(const char* path, int flags, ...) {
  static const char kAsked[] = "hanging_file: asked\n";
  int (*next)(const char*, int, ...);
  char marker[4096];
  va_list rest;
  mode_t mode;
  va_start(rest, flags);
  mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (snprintf(marker, sizeof marker, "%s.hang", path) < (int)sizeof marker &&
      access(marker, F_OK) == 0) {
    if (write(STDERR_FILENO, kAsked, sizeof kAsked - 1) < 0) return -1;
    for (;;) pause();
  }
  *(void**)&next = dlsym(RTLD_NEXT, "open");
  return next(path, flags, mode);
}
