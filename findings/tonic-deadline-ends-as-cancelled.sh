#!/usr/bin/env bash
# tonic 0.14.9: a call whose own deadline passes ends as CANCELLED.
#
# gRPC's status codes have DEADLINE_EXCEEDED for a deadline that passes, and CANCELLED for a call that
# somebody gave up, "typically by the caller". One would guess that Request::set_timeout(), which sends
# the deadline as grpc-timeout, ends a call that takes too long as DEADLINE_EXCEEDED, as every other
# gRPC library does.
#
# grpcio 1.66.2 ends so. In tonic the channel measures the same time by itself, drops the call when it
# is over, and says CANCELLED with the words "Timeout expired". The server's own DEADLINE_EXCEEDED,
# which is sent a moment later, reaches nobody.
#
# Output seen:
#   grpcio 1.66.2: DEADLINE_EXCEEDED
#   tonic 0.14.9: Cancelled: Timeout expired
#
# Why it matters here: tonic says CANCELLED also of a call that was lost with its connection, which is
# worth repeating. A caller that repeats by the code alone repeats each call that was too slow, at a
# time when its answers are slow already; only the words tell the two apart.
#
# Needs a Rust toolchain of 1.88 or newer.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"; kill "$(jobs -p)" 2>/dev/null || true' EXIT
cd "$dir"
python3 -m venv python
python/bin/pip install -q --disable-pip-version-check --no-deps grpcio==1.66.2
mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "probe"
version = "0.0.0"
edition = "2021"

[dependencies]
bytes = "1"
tokio = { version = "1", features = ["macros", "rt", "time"] }
tonic = { version = "=0.14.9", default-features = false, features = ["channel", "codegen"] }
TOML
cat >src/main.rs <<'RUST'
use std::time::Duration;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{transport::Endpoint, Request, Status};

#[derive(Default)]
struct Nothing;

impl Encoder for Nothing {
    type Item = ();
    type Error = Status;
    fn encode(&mut self, _: (), _: &mut EncodeBuf<'_>) -> Result<(), Status> {
        Ok(())
    }
}

impl Decoder for Nothing {
    type Item = ();
    type Error = Status;
    fn decode(&mut self, _: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        Ok(Some(()))
    }
}

impl Codec for Nothing {
    type Encode = ();
    type Decode = ();
    type Encoder = Nothing;
    type Decoder = Nothing;
    fn encoder(&mut self) -> Nothing {
        Nothing
    }
    fn decoder(&mut self) -> Nothing {
        Nothing
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let address = std::env::args().nth(1).unwrap();
    let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy();
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.unwrap();
    let mut request = Request::new(());
    request.set_timeout(Duration::from_millis(300));
    let path = PathAndQuery::from_static("/balance.Balances/Get");
    let error = client.unary(request, path, Nothing).await.unwrap_err();
    println!("tonic 0.14.9: {:?}: {}", error.code(), error.message());
}
RUST
cargo build -q
cat >server.py <<'PY'
import os
import threading
from concurrent import futures

import grpc


def never(_, context):
    ended = threading.Event()
    if context.add_callback(ended.set):
        ended.wait(30)


server = grpc.server(futures.ThreadPoolExecutor(4))
handler = grpc.unary_unary_rpc_method_handler(never)
server.add_generic_rpc_handlers(
    (grpc.method_handlers_generic_handler("balance.Balances", {"Get": handler}),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with open("port.new", "w") as file:
    file.write(str(port))
os.rename("port.new", "port")
server.wait_for_termination(60)
PY
python/bin/python server.py &
until [[ -e port ]]; do sleep 0.1; done
cat >with_grpcio.py <<'PY'
import sys

import grpc

with grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}",
                           options=[("grpc.enable_http_proxy", 0)]) as channel:
    try:
        channel.unary_unary("/balance.Balances/Get")(b"", timeout=0.3)
    except grpc.RpcError as error:
        print(f"grpcio 1.66.2: {error.code().name}")
PY
{
  timeout 30 python/bin/python with_grpcio.py "$(cat port)"
  timeout 30 target/debug/probe "127.0.0.1:$(cat port)"
} | tee seen

cat >expected <<'TEXT'
grpcio 1.66.2: DEADLINE_EXCEEDED
tonic 0.14.9: Cancelled: Timeout expired
TEXT
if ! diff expected seen; then
  echo "tonic now ends a call whose deadline has passed otherwise." >&2
  exit 1
fi
