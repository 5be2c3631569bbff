#!/usr/bin/env bash
# nghttp2 1.52.0-1+deb12u3 (Debian 12): a client that consumed everything does not reopen the
# window.
#
# A sender that wants a large message to leave in one piece, or that takes a slow reader for idle
# only when nothing is unread, may look at the peer's window: it begins at 65535, shrinks by what is
# sent and grows by what the reader gives back. One would guess that it is whole again once the
# application at the other end has consumed every byte and said so with nghttp2_session_consume.
#
# Instead nghttp2 saves WINDOW_UPDATE frames until half of the window is owed, on the stream and on
# the connection alike. What is below that is owed for ever: after a message of 32000 bytes, wholly
# consumed, the sender goes on seeing 33535, and no exchange of PINGs or wait changes it. One more
# message of 1000 bytes passes the half, and then both are given back together. The automatic mode,
# without nghttp2_session_consume, keeps back the same.
#
# Output seen:
#   consumed by hand: 32000 bytes, all consumed: stream 33535, connection 33535
#   consumed by hand: 1000 bytes more, all consumed: stream 65535, connection 65535
#   automatic: 32000 bytes, all consumed: stream 33535, connection 33535
#   automatic: 1000 bytes more, all consumed: stream 65535, connection 65535
#
# Why it matters here: a stream of balances that holds the next list back until the window is whole
# waits for ever for a reader that keeps up perfectly. Only "at least half" can be waited for.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
version=1.52.0-1+deb12u3
apt-get -qq -o APT::Sandbox::User=root download \
  "libnghttp2-14=$version" "libnghttp2-dev=$version" >/dev/null
for package in ./*.deb; do dpkg -x "$package" root; done
lib=$(dirname "$(find "$dir/root" -name libnghttp2.so)")

cat >probe.cc <<'CC'
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace {

nghttp2_nv Pair(const char* name, const char* value) {
  return {(uint8_t*)name, (uint8_t*)value, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
}

size_t to_send = 0;
size_t arrived = 0;
size_t consumed = 0;

ssize_t Body(nghttp2_session*, int32_t, uint8_t* buffer, size_t room, uint32_t*,
             nghttp2_data_source*, void*) {
  const size_t count = std::min(room, to_send);
  if (count == 0) return NGHTTP2_ERR_DEFERRED;
  memset(buffer, 'x', count);
  to_send -= count;
  return static_cast<ssize_t>(count);
}

int Arrived(nghttp2_session* session, uint8_t, int32_t stream, const uint8_t*, size_t count,
            void* by_hand) {
  arrived += count;
  if (by_hand == nullptr) {
    consumed += count;
  } else if (nghttp2_session_consume(session, stream, count) == 0) {
    consumed += count;
  }
  return 0;
}

void Hand(nghttp2_session* from, nghttp2_session* to) {
  const uint8_t* bytes;
  ssize_t count;
  while ((count = nghttp2_session_mem_send(from, &bytes)) > 0)
    if (nghttp2_session_mem_recv(to, bytes, count) != count) throw "bytes refused";
}

void Run(const char* name, bool by_hand) {
  nghttp2_session_callbacks *of_server, *of_client;
  nghttp2_session_callbacks_new(&of_server);
  nghttp2_session_callbacks_new(&of_client);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(of_client, Arrived);
  nghttp2_option* option;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, by_hand);
  nghttp2_session *server, *client;
  nghttp2_session_server_new(&server, of_server, nullptr);
  nghttp2_session_client_new2(&client, of_client, by_hand ? option : nullptr, option);
  nghttp2_submit_settings(server, NGHTTP2_FLAG_NONE, nullptr, 0);
  nghttp2_submit_settings(client, NGHTTP2_FLAG_NONE, nullptr, 0);
  nghttp2_nv request[] = {Pair(":method", "POST"), Pair(":scheme", "http"),
                          Pair(":authority", "localhost"), Pair(":path", "/")};
  const int32_t stream = nghttp2_submit_request(client, nullptr, request, 4, nullptr, nullptr);
  Hand(client, server);
  nghttp2_nv response[] = {Pair(":status", "200")};
  nghttp2_data_provider body{};
  body.read_callback = Body;
  nghttp2_submit_response(server, stream, response, 1, &body);

  arrived = consumed = 0;
  for (size_t size : {32000, 1000}) {
    const size_t before = arrived;
    to_send = size;
    nghttp2_session_resume_data(server, stream);
    for (int turn = 0; turn < 5; ++turn) {
      Hand(server, client);
      Hand(client, server);
      nghttp2_submit_ping(client, NGHTTP2_FLAG_NONE, nullptr);
    }
    printf("%s: %zu bytes%s, %s consumed: stream %d, connection %d\n", name, arrived - before,
           before == 0 ? "" : " more", arrived == consumed ? "all" : "not all",
           nghttp2_session_get_stream_remote_window_size(server, stream),
           nghttp2_session_get_remote_window_size(server));
  }
  nghttp2_session_del(server);
  nghttp2_session_del(client);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(of_server);
  nghttp2_session_callbacks_del(of_client);
}

}  // namespace

int main() {
  if (strcmp(nghttp2_version(0)->version_str, "1.52.0") != 0) return 2;
  Run("consumed by hand", true);
  Run("automatic", false);
}
CC
g++ -std=c++20 -I root/usr/include probe.cc -L "$lib" -lnghttp2 -o probe
LD_LIBRARY_PATH=$lib timeout 30 ./probe | tee seen

cat >expected <<'TEXT'
consumed by hand: 32000 bytes, all consumed: stream 33535, connection 33535
consumed by hand: 1000 bytes more, all consumed: stream 65535, connection 65535
automatic: 32000 bytes, all consumed: stream 33535, connection 33535
automatic: 1000 bytes more, all consumed: stream 65535, connection 65535
TEXT
if ! diff expected seen; then
  echo "nghttp2 now gives a window back by another rule than from half of it on." >&2
  exit 1
fi
