#!/usr/bin/env bash
# libcurl 7.88.1-10+deb12u15 (Debian 12, OpenSSL): the CA cache is off, because of a default
# directory.
#
# Since 7.87.0 libcurl keeps the parsed CA bundle for a day (CURLOPT_CA_CACHE_TIMEOUT), so that a
# new TLS connection need not parse it again. One would guess that a program that names its bundle
# (CURLOPT_CAINFO) and sets nothing else parses it once per handle, as the option's default
# promises.
#
# Instead it is opened and parsed for every new connection. The cache is left out as soon as a CA
# directory is set, and Debian's build sets one by default, unasked and in addition to the bundle.
# Naming a bundle does not take the directory away, and asking for the cache by its option changes
# nothing; only after CURLOPT_CAPATH is set to NULL the bundle is read once.
#
# Output seen (how often the bundle was opened for three connections of one handle):
#   default: 3 connections verified, bundle opened 3 times
#   CURLOPT_CA_CACHE_TIMEOUT 86400: 3 connections verified, bundle opened 3 times
#   CURLOPT_CAPATH NULL: 3 connections verified, bundle opened 1 times
#
# Why it matters here: a system's bundle has well over a hundred certificates, and a service that
# connects to its venues anew after an outage parses all of them for each connection, on the thread
# that drives all its transfers.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
version=7.88.1-10+deb12u15
apt-get -qq -o APT::Sandbox::User=root download \
  "libcurl4=$version" "libcurl4-openssl-dev=$version" >/dev/null
for package in ./*.deb; do dpkg -x "$package" root; done
lib=$(dirname "$(find "$dir/root" -name libcurl.so)")

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
  -keyout key.pem -out bundle.pem \
  -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null

cat >connect.c <<'C'
#define _GNU_SOURCE
#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static int opened = 0;

/* Stands before the C library's: OpenSSL reads its bundle through it. */
static FILE* Open(const char* real, const char* path, const char* mode) {
  FILE* (*next)(const char*, const char*) =
      (FILE * (*)(const char*, const char*)) dlsym(RTLD_NEXT, real);
  if (strcmp(path, "bundle.pem") == 0) ++opened;
  return next(path, mode);
}
FILE* fopen(const char* path, const char* mode) { return Open("fopen", path, mode); }
FILE* fopen64(const char* path, const char* mode) { return Open("fopen64", path, mode); }

static size_t Drop(char* data, size_t size, size_t count, void* user) {
  (void)data;
  (void)user;
  return size * count;
}

static void Run(const char* name, const char* url, long cache, int no_directory) {
  CURL* transfer = curl_easy_init();
  curl_easy_setopt(transfer, CURLOPT_URL, url);
  curl_easy_setopt(transfer, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(transfer, CURLOPT_CAINFO, "bundle.pem");
  curl_easy_setopt(transfer, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(transfer, CURLOPT_TIMEOUT_MS, 10000L);
  curl_easy_setopt(transfer, CURLOPT_WRITEFUNCTION, Drop);
  if (cache != 0) curl_easy_setopt(transfer, CURLOPT_CA_CACHE_TIMEOUT, cache);
  if (no_directory) curl_easy_setopt(transfer, CURLOPT_CAPATH, NULL);
  opened = 0;
  int verified = 0;
  for (int i = 0; i < 3; ++i) {
    long connections = 0;
    const CURLcode result = curl_easy_perform(transfer);
    curl_easy_getinfo(transfer, CURLINFO_NUM_CONNECTS, &connections);
    if (result == CURLE_OK && connections == 1) ++verified;
  }
  curl_easy_cleanup(transfer);
  printf("%s: %d connections verified, bundle opened %d times\n", name, verified, opened);
}

int main(int count, char** arguments) {
  if (count != 2 || strcmp(curl_version_info(CURLVERSION_NOW)->version, "7.88.1") != 0) return 2;
  Run("default", arguments[1], 0, 0);
  Run("CURLOPT_CA_CACHE_TIMEOUT 86400", arguments[1], 86400, 0);
  Run("CURLOPT_CAPATH NULL", arguments[1], 0, 1);
  return 0;
}
C
cat >drive.py <<'PY'
import socket
import ssl
import subprocess
import threading

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("bundle.pem", "key.pem")
listener = socket.create_server(("127.0.0.1", 0))


def serve():
    while True:
        plain, _ = listener.accept()
        plain.settimeout(10)
        with context.wrap_socket(plain, server_side=True) as peer:
            peer.recv(4096)
            peer.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")


threading.Thread(target=serve, daemon=True).start()
url = f"https://localhost:{listener.getsockname()[1]}/"
print(subprocess.run(["./connect", url], stdout=subprocess.PIPE, text=True, timeout=60,
                     check=True).stdout, end="")
PY
gcc -I "$(dirname "$(dirname "$(find root -name curl.h)")")" -rdynamic connect.c -L "$lib" -lcurl \
  -ldl -o connect
LD_LIBRARY_PATH=$lib timeout 90 python3 drive.py | tee seen

cat >expected <<'TEXT'
default: 3 connections verified, bundle opened 3 times
CURLOPT_CA_CACHE_TIMEOUT 86400: 3 connections verified, bundle opened 3 times
CURLOPT_CAPATH NULL: 3 connections verified, bundle opened 1 times
TEXT
if ! diff expected seen; then
  echo "libcurl's cache of CA certificates now heeds a default CA directory otherwise." >&2
  exit 1
fi
