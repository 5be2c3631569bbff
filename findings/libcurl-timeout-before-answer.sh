#!/usr/bin/env bash
# libcurl 7.88.1-10+deb12u15 (Debian 12): an answer that has arrived is thrown away as timed out.
#
# A transfer has a limit of two seconds (CURLOPT_TIMEOUT_MS). Its process is stopped, the whole
# answer arrives half a second after the request and waits in the socket, and the process goes on
# after the limit. When poll returns, the socket is readable and the limit is past. One would guess
# that libcurl reads what is there before it judges the time: the server did answer in time, and one
# read would finish the transfer.
#
# Instead the limit is looked at first. The transfer ends with CURLE_OPERATION_TIMEDOUT (28),
# response code 0 and not a byte delivered, although the complete answer lay in the socket for two
# seconds.
#
# Output seen:
#   process running: result 0, status 200, bytes 5
#   process stopped while the answer came: result 28, status 0, bytes 0
#
# Why it matters here: containers are frozen or throttled, and virtual machines are moved. After
# such a pause every request in flight to a venue looks like a venue that is down; a circuit breaker
# that counts timeouts opens for an outage that was one's own. The pause has to be seen by other
# means.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
version=7.88.1-10+deb12u15
apt-get -qq -o APT::Sandbox::User=root download \
  "libcurl4=$version" "libcurl4-openssl-dev=$version" >/dev/null
for package in ./*.deb; do dpkg -x "$package" root; done
lib=$(dirname "$(find "$dir/root" -name libcurl.so)")

cat >fetch.c <<'C'
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

static size_t Count(char* data, size_t size, size_t count, void* total) {
  (void)data;
  *(size_t*)total += size * count;
  return size * count;
}

int main(int count, char** arguments) {
  if (count != 2 || strcmp(curl_version_info(CURLVERSION_NOW)->version, "7.88.1") != 0) return 2;
  size_t bytes = 0;
  long status = -1;
  CURL* transfer = curl_easy_init();
  curl_easy_setopt(transfer, CURLOPT_URL, arguments[1]);
  curl_easy_setopt(transfer, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(transfer, CURLOPT_TIMEOUT_MS, 2000L);
  curl_easy_setopt(transfer, CURLOPT_WRITEFUNCTION, Count);
  curl_easy_setopt(transfer, CURLOPT_WRITEDATA, &bytes);
  const CURLcode result = curl_easy_perform(transfer);
  curl_easy_getinfo(transfer, CURLINFO_RESPONSE_CODE, &status);
  printf("result %d, status %ld, bytes %zu\n", (int)result, status, bytes);
  curl_easy_cleanup(transfer);
  return 0;
}
C
cat >drive.py <<'PY'
import os
import signal
import socket
import subprocess
import time


def run(name, stop):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/balance"
        process = subprocess.Popen(["./fetch", url], stdout=subprocess.PIPE, text=True)
        try:
            peer, _ = listener.accept()
            with peer:
                peer.settimeout(10)
                peer.recv(4096)
                time.sleep(0.5)  # it waits for the answer now
                if stop:
                    process.send_signal(signal.SIGSTOP)
                    os.waitpid(process.pid, os.WUNTRACED)
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12.50")
                if stop:
                    time.sleep(2.5)
                    process.send_signal(signal.SIGCONT)
                print(f"{name}: {process.communicate(timeout=10)[0].strip()}")
        finally:
            process.kill()


run("process running", False)
run("process stopped while the answer came", True)
PY
gcc -I "$(dirname "$(dirname "$(find root -name curl.h)")")" fetch.c -L "$lib" -lcurl -o fetch
LD_LIBRARY_PATH=$lib timeout 60 python3 drive.py | tee seen

cat >expected <<'TEXT'
process running: result 0, status 200, bytes 5
process stopped while the answer came: result 28, status 0, bytes 0
TEXT
if ! diff expected seen; then
  echo "libcurl now reads an answer that is there before it judges the time." >&2
  exit 1
fi
