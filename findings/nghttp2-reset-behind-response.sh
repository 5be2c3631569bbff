#!/usr/bin/env bash
# nghttp2 1.52.0-1+deb12u3 (Debian 12): a reset submitted behind a complete response destroys it.
#
# A server that does not want the rest of a request body may answer at once and then reset the
# stream with NO_ERROR; RFC 9113, section 8.1, describes just that, and forbids the client to throw
# the response away for it. With nghttp2 one would write it down in that order:
# nghttp2_submit_response and, directly behind it, nghttp2_submit_rst_stream. Both return 0, frames
# of one stream are queued, and a queue is expected to keep its order, so one would guess that
# HEADERS, DATA and RST_STREAM leave in turn.
#
# Instead the stream counts as closing from the moment the reset is submitted, not from when it is
# sent. The response in front of it in the queue is then refused with NGHTTP2_ERR_STREAM_CLOSING
# (-511), which only the callback for frames not sent hears of, and the peer gets the bare reset. If
# the queue is emptied between the two calls, all three frames arrive.
#
# Output seen:
#   both submitted, then sent: not sent: HEADERS(-511); client saw: RST_STREAM(0)
#   response sent, then reset: client saw: HEADERS DATA+END_STREAM RST_STREAM(0)
#
# Why it matters here: a gRPC server refuses calls early (too large, not authenticated, deadline
# past) while the request is still open. Without its trailers the caller does not learn which
# refusal it was: gRPC makes an INTERNAL error of a stream that is reset with NO_ERROR.
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

enum class Order { kTogether, kApart };

struct Server {
  Order order;
  bool answer = false;
  std::string dropped;
};

nghttp2_nv Pair(const char* name, const char* value) {
  return {(uint8_t*)name, (uint8_t*)value, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
}

ssize_t NeverReady(nghttp2_session*, int32_t, uint8_t*, size_t, uint32_t*, nghttp2_data_source*,
                   void*) {
  return NGHTTP2_ERR_DEFERRED;
}

ssize_t Hello(nghttp2_session*, int32_t, uint8_t* buffer, size_t, uint32_t* flags,
              nghttp2_data_source*, void*) {
  memcpy(buffer, "hello", 5);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  return 5;
}

void Hand(nghttp2_session* from, nghttp2_session* to) {
  const uint8_t* bytes;
  ssize_t count;
  while ((count = nghttp2_session_mem_send(from, &bytes)) > 0)
    if (nghttp2_session_mem_recv(to, bytes, count) != count) throw "bytes refused";
}

int ServerReceived(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  if (frame->hd.type == NGHTTP2_HEADERS) static_cast<Server*>(user)->answer = true;
  return 0;
}

int ServerDropped(nghttp2_session*, const nghttp2_frame* frame, int error, void* user) {
  auto& dropped = static_cast<Server*>(user)->dropped;
  dropped += frame->hd.type == NGHTTP2_HEADERS ? " HEADERS(" : " other(";
  dropped += std::to_string(error) + ")";
  return 0;
}

int ClientReceived(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  auto& seen = *static_cast<std::string*>(user);
  if (frame->hd.type == NGHTTP2_HEADERS) seen += " HEADERS";
  if (frame->hd.type == NGHTTP2_DATA)
    seen += frame->hd.flags & NGHTTP2_FLAG_END_STREAM ? " DATA+END_STREAM" : " DATA";
  if (frame->hd.type == NGHTTP2_RST_STREAM)
    seen += " RST_STREAM(" + std::to_string(frame->rst_stream.error_code) + ")";
  return 0;
}

void Run(Order order) {
  Server state{order};
  std::string seen;
  nghttp2_session_callbacks *of_server, *of_client;
  nghttp2_session_callbacks_new(&of_server);
  nghttp2_session_callbacks_set_on_frame_recv_callback(of_server, ServerReceived);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(of_server, ServerDropped);
  nghttp2_session_callbacks_new(&of_client);
  nghttp2_session_callbacks_set_on_frame_recv_callback(of_client, ClientReceived);
  nghttp2_session *server, *client;
  nghttp2_session_server_new(&server, of_server, &state);
  nghttp2_session_client_new(&client, of_client, &seen);
  nghttp2_submit_settings(server, NGHTTP2_FLAG_NONE, nullptr, 0);
  nghttp2_submit_settings(client, NGHTTP2_FLAG_NONE, nullptr, 0);

  nghttp2_nv request[] = {Pair(":method", "POST"), Pair(":scheme", "http"),
                          Pair(":authority", "localhost"), Pair(":path", "/")};
  nghttp2_data_provider body{};
  body.read_callback = NeverReady;  // the request stays open
  const int32_t stream = nghttp2_submit_request(client, nullptr, request, 4, &body, nullptr);
  Hand(client, server);
  if (!state.answer) throw "the request did not arrive";

  nghttp2_nv response[] = {Pair(":status", "200")};
  nghttp2_data_provider hello{};
  hello.read_callback = Hello;
  if (nghttp2_submit_response(server, stream, response, 1, &hello) != 0) throw "no response";
  if (order == Order::kApart) Hand(server, client);
  if (nghttp2_submit_rst_stream(server, NGHTTP2_FLAG_NONE, stream, NGHTTP2_NO_ERROR) != 0)
    throw "no reset";
  Hand(server, client);

  printf("%s:%s%s client saw:%s\n",
         order == Order::kTogether ? "both submitted, then sent" : "response sent, then reset",
         state.dropped.empty() ? "" : " not sent:",
         state.dropped.empty() ? "" : (state.dropped + ";").c_str(), seen.c_str());
  nghttp2_session_del(server);
  nghttp2_session_del(client);
  nghttp2_session_callbacks_del(of_server);
  nghttp2_session_callbacks_del(of_client);
}

}  // namespace

int main() {
  if (strcmp(nghttp2_version(0)->version_str, "1.52.0") != 0) return 2;
  Run(Order::kTogether);
  Run(Order::kApart);
}
CC
g++ -std=c++20 -I root/usr/include probe.cc -L "$lib" -lnghttp2 -o probe
LD_LIBRARY_PATH=$lib timeout 30 ./probe | tee seen

cat >expected <<'TEXT'
both submitted, then sent: not sent: HEADERS(-511); client saw: RST_STREAM(0)
response sent, then reset: client saw: HEADERS DATA+END_STREAM RST_STREAM(0)
TEXT
if ! diff expected seen; then
  echo "nghttp2 no longer drops a queued response for a reset submitted behind it." >&2
  exit 1
fi
