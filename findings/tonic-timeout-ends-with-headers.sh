#!/usr/bin/env bash
# tonic 0.14.9: the timeout of a request is over as soon as the answer's headers are there.
#
# A gRPC deadline is one for the whole call. `request.set_timeout()` of a tonic client sends it to the
# server (grpc-timeout) and keeps a clock of its own, for servers and networks that do not. One would guess
# that this clock ends the call as well while messages are still to come, as in other gRPC clients.
#
# But it waits for the response's headers only, which a server of a stream sends at once. From then on
# nothing counts: a stream that was given half a second goes on to its end after two. Before the headers
# the clock works, but what it says is CANCELLED, which tonic also says of calls that were lost with
# their connection; in other clients it is DEADLINE_EXCEEDED.
#
# Output seen (timeout 0.5 s; the server ignores grpc-timeout):
#   tonic 0.14.9: no headers come: Cancelled, "Timeout expired"
#   tonic 0.14.9: a message each 0.1 s for 2 s: 20 messages, Ok
#   grpcio 1.85.1: no headers come: DEADLINE_EXCEEDED
#   grpcio 1.85.1: a message each 0.1 s for 2 s: fewer than 20 messages, DEADLINE_EXCEEDED
#
# Why it matters here: a server whose machine is gone after the headers holds a caller of balances for
# ever. A recipe that repeats CANCELLED, as tonic's callers need at the end of connections, repeats calls
# whose time is over. tokio::time::timeout around the call and each message does what is wanted.
#
# It needs cargo with Rust 1.88 or newer, which Debian 12 does not have.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv python
python/bin/pip install -q --disable-pip-version-check grpcio==1.85.1 typing_extensions==4.16.0
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "probe"
version = "0.0.0"
edition = "2021"

[dependencies]
tokio = { version = "1", features = ["macros", "rt", "time"] }
tonic = { version = "=0.14.9", default-features = false, features = ["channel", "codegen"] }
tonic-prost = "=0.14.9"

[profile.dev]
debug = false
TOML
cat >src/main.rs <<'RUST'
use std::time::Duration;

use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Endpoint;
use tonic::{client::Grpc, Request, Status};
use tonic_prost::ProstCodec;

async fn watch(address: &str, path: &'static str) -> (u32, Option<Status>) {
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy();
    let mut client = Grpc::new(channel);
    client.ready().await.unwrap();
    let mut request = Request::new(());
    request.set_timeout(Duration::from_millis(500));
    let codec: ProstCodec<(), ()> = ProstCodec::default();
    let path = PathAndQuery::from_static(path);
    let mut stream = match client.server_streaming(request, path, codec).await {
        Ok(response) => response.into_inner(),
        Err(status) => return (0, Some(status)),
    };
    let mut count = 0;
    loop {
        match stream.message().await {
            Ok(Some(())) => count += 1,
            Ok(None) => return (count, None),
            Err(status) => return (count, Some(status)),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let address = std::env::args().nth(1).unwrap();
    let (_, status) = watch(&address, "/t.T/Silent").await;
    let status = status.unwrap();
    println!("tonic 0.14.9: no headers come: {:?}, {:?}", status.code(), status.message());
    let (count, status) = watch(&address, "/t.T/Slow").await;
    let end = status.map_or("Ok".into(), |status| format!("{:?}", status.code()));
    println!("tonic 0.14.9: a message each 0.1 s for 2 s: {count} messages, {end}");
}
RUST
CARGO_TARGET_DIR=$dir/target cargo build --quiet

cat >server.mjs <<'JS'
// Silent never answers; Slow sends headers at once and then 20 empty messages in 2 s.
import { createServer } from "node:http2";

const server = createServer();
server.on("stream", (stream, headers) => {
  stream.on("error", () => {});
  if (headers[":path"] === "/t.T/Silent") return;
  stream.respond({ ":status": 200, "content-type": "application/grpc+proto" },
    { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  let left = 20;
  const timer = setInterval(() => {
    if (stream.destroyed) return clearInterval(timer);
    stream.write(Buffer.alloc(5));
    if (--left > 0) return;
    clearInterval(timer);
    stream.end();
  }, 100);
});
server.listen(0, "127.0.0.1", () => console.log(`127.0.0.1:${server.address().port}`));
JS
cat >probe.py <<'PY'
import sys

import grpc


def watch(method: str) -> tuple[int, str]:
    with grpc.insecure_channel(sys.argv[1], options=[("grpc.enable_http_proxy", 0)]) as channel:
        count = 0
        try:
            for _ in channel.unary_stream(f"/t.T/{method}")(b"", timeout=0.5):
                count += 1
        except grpc.RpcError as error:
            return count, error.code().name
        return count, "OK"


print(f"grpcio {grpc.__version__}: no headers come: {watch('Silent')[1]}")
count, end = watch("Slow")
print(f"grpcio {grpc.__version__}: a message each 0.1 s for 2 s:"
      f" {'fewer than 20' if count < 20 else count} messages, {end}")
PY
node server.mjs >address &
server=$!
trap 'kill "$server"; rm -rf "$dir"' EXIT
for _ in $(seq 100); do
  [ -s address ] && break
  sleep 0.1
done
{ timeout 30 target/debug/probe "$(cat address)" &&
  timeout 30 python/bin/python probe.py "$(cat address)"; } | tee seen

cat >expected <<'TEXT'
tonic 0.14.9: no headers come: Cancelled, "Timeout expired"
tonic 0.14.9: a message each 0.1 s for 2 s: 20 messages, Ok
grpcio 1.85.1: no headers come: DEADLINE_EXCEEDED
grpcio 1.85.1: a message each 0.1 s for 2 s: fewer than 20 messages, DEADLINE_EXCEEDED
TEXT
if ! diff expected seen; then
  echo "A timeout of tonic, or of grpcio, now ends otherwise." >&2
  exit 1
fi
