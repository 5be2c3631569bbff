#!/usr/bin/env bash
# nghttp2 1.52.0-1+deb12u3 (Debian 12): a body that filled the window exactly cannot end by itself.
#
# A data provider ends its body by setting the EOF flag, if it likes with no byte at all; for gRPC
# it submits the trailers in the same call. An empty DATA frame that ends a stream and HEADERS need
# no flow-control window (RFC 9113, sections 6.9 and 6.9.1), so one would guess that a provider
# whose last byte was also the last byte of the window is asked once more and can finish the stream.
#
# Instead the provider is not asked at all while the stream's window is 0. Nothing is left to be
# sent (nghttp2_session_want_write is 0), nghttp2_session_resume_data returns 0 as if it had helped
# and does nothing, and the stream stays open until the peer sends a WINDOW_UPDATE. A peer that has
# its whole message, and waits for the status before it reads on, never does.
# nghttp2_submit_trailer, called from outside the provider, gets out at once, with the window as
# shut as before.
#
# Output seen:
#   window after the body: 0, provider asked: 1, want_write: 0, resume: 0
#   client saw: HEADERS DATA(1000)
#   after submit_trailer: client saw: HEADERS DATA(1000) HEADERS+END_STREAM
#
# Why it matters here: a stream of balances often ends when its reader is slow, which is when its
# window is shut. A server that puts the status at the end of its data provider holds the stream,
# and whatever that pins, for as long as the client likes.
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

#include <cstdio>
#include <cstring>
#include <string>

namespace {

constexpr uint32_t kWindow = 1000;

nghttp2_nv Pair(const char* name, const char* value) {
  return {(uint8_t*)name, (uint8_t*)value, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
}

int asked = 0;

// Fills the window with its first call; a second one would end the stream with trailers.
ssize_t Body(nghttp2_session* session, int32_t stream, uint8_t* buffer, size_t, uint32_t* flags,
             nghttp2_data_source*, void*) {
  if (++asked == 1) {
    memset(buffer, 'x', kWindow);
    return kWindow;
  }
  *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
  nghttp2_nv status[] = {Pair("grpc-status", "0")};
  nghttp2_submit_trailer(session, stream, status, 1);
  return 0;
}

void Hand(nghttp2_session* from, nghttp2_session* to) {
  const uint8_t* bytes;
  ssize_t count;
  while ((count = nghttp2_session_mem_send(from, &bytes)) > 0)
    if (nghttp2_session_mem_recv(to, bytes, count) != count) throw "bytes refused";
}

int Received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  auto& seen = *static_cast<std::string*>(user);
  if (frame->hd.type == NGHTTP2_HEADERS) seen += " HEADERS";
  if (frame->hd.type == NGHTTP2_DATA) seen += " DATA(" + std::to_string(frame->hd.length) + ")";
  const bool ends = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
  if (ends && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) seen += "+END_STREAM";
  return 0;
}

}  // namespace

int main() {
  if (strcmp(nghttp2_version(0)->version_str, "1.52.0") != 0) return 2;
  std::string seen;
  nghttp2_session_callbacks *of_server, *of_client;
  nghttp2_session_callbacks_new(&of_server);
  nghttp2_session_callbacks_new(&of_client);
  nghttp2_session_callbacks_set_on_frame_recv_callback(of_client, Received);
  // The client gives no window back: its reader has not yet taken the message.
  nghttp2_option* by_hand;
  nghttp2_option_new(&by_hand);
  nghttp2_option_set_no_auto_window_update(by_hand, 1);
  nghttp2_session *server, *client;
  nghttp2_session_server_new(&server, of_server, nullptr);
  nghttp2_session_client_new2(&client, of_client, &seen, by_hand);
  nghttp2_settings_entry window{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow};
  nghttp2_submit_settings(server, NGHTTP2_FLAG_NONE, nullptr, 0);
  nghttp2_submit_settings(client, NGHTTP2_FLAG_NONE, &window, 1);
  nghttp2_nv request[] = {Pair(":method", "POST"), Pair(":scheme", "http"),
                          Pair(":authority", "localhost"), Pair(":path", "/")};
  const int32_t stream = nghttp2_submit_request(client, nullptr, request, 4, nullptr, nullptr);
  Hand(client, server);

  nghttp2_nv response[] = {Pair(":status", "200"), Pair("content-type", "application/grpc")};
  nghttp2_data_provider body{};
  body.read_callback = Body;
  nghttp2_submit_response(server, stream, response, 2, &body);
  for (int turn = 0; turn < 3; ++turn) {
    Hand(server, client);
    Hand(client, server);
  }
  const int resumed = nghttp2_session_resume_data(server, stream);
  Hand(server, client);
  printf("window after the body: %d, provider asked: %d, want_write: %d, resume: %d\n",
         nghttp2_session_get_stream_remote_window_size(server, stream), asked,
         nghttp2_session_want_write(server), resumed);
  printf("client saw:%s\n", seen.c_str());

  nghttp2_nv status[] = {Pair("grpc-status", "8")};
  nghttp2_submit_trailer(server, stream, status, 1);
  Hand(server, client);
  printf("after submit_trailer: client saw:%s\n", seen.c_str());
  nghttp2_session_del(server);
  nghttp2_session_del(client);
  nghttp2_option_del(by_hand);
  nghttp2_session_callbacks_del(of_server);
  nghttp2_session_callbacks_del(of_client);
}
CC
g++ -std=c++20 -I root/usr/include probe.cc -L "$lib" -lnghttp2 -o probe
LD_LIBRARY_PATH=$lib timeout 30 ./probe | tee seen

cat >expected <<'TEXT'
window after the body: 0, provider asked: 1, want_write: 0, resume: 0
client saw: HEADERS DATA(1000)
after submit_trailer: client saw: HEADERS DATA(1000) HEADERS+END_STREAM
TEXT
if ! diff expected seen; then
  echo "nghttp2 now ends a stream whose window is shut by another rule." >&2
  exit 1
fi
