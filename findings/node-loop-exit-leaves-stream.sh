#!/usr/bin/env bash
# @grpc/grpc-js 1.14.7, @connectrpc/connect-node 2.1.2: leaving a `for await` loop over a server's stream
# does not end the call.
#
# Both let a client read a server's messages by `for await (const message of stream)`. When such a loop is
# left by `break`, `return` or an exception, JavaScript tells the iterator, and Node closes what is read
# in this way: a file, a socket, a response of fetch(). One would guess that the call is cancelled: nobody
# can read it any more.
#
# grpc-js destroys its Readable (`stream.destroyed` is true) and connect-node ends its iterator, but the
# call goes on: the server's handler runs, and writes, until the client cancels, its deadline comes or
# the connection ends.
#
# Output seen:
#   grpc-js 1.14.7: the loop is left, destroyed: true, calls open at the server: 1
#   grpc-js 1.14.7: after cancel(), calls open at the server: 0
#   connect-node 2.1.2: the loop is left, calls open at the server: 1
#   connect-node 2.1.2: after abort(), calls open at the server: 0
#
# Why it matters here: whoever reads a stream of balances until the first good one, again and again, has
# one more stream open each time, each fed by the server, until it allows no more. cancel(), or abort()
# of a signal that the call was given, belongs into a `finally` around the loop.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private": true}' >package.json
npm install --silent --ignore-scripts --no-audit --no-fund --logs-max=0 \
  @grpc/grpc-js@1.14.7 @connectrpc/connect@2.1.2 @connectrpc/connect-node@2.1.2 \
  @bufbuild/protobuf@2.17.0

cat >probe.mjs <<'JS'
import { createServer } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, credentials } from "@grpc/grpc-js";
import { create, createFileRegistry } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

// A server with one streaming method, which says something empty every 50 ms until it is told to end.
let open = 0;
const server = createServer().on("stream", (stream) => {
  ++open;
  stream.respond({ ":status": 200, "content-type": "application/grpc+proto" });
  const timer = setInterval(() => stream.write(Buffer.alloc(5)), 50);
  stream.on("error", () => {});
  stream.on("close", () => {
    --open;
    clearInterval(timer);
  });
}).listen(0, "127.0.0.1");
await new Promise((resolve) => server.on("listening", resolve));
const address = `127.0.0.1:${server.address().port}`;

// Time in which a cancellation would have arrived many times over.
const settle = () => sleep(1500);
const bytes = (value) => value;
const stream = new Client(address, credentials.createInsecure())
  .makeServerStreamRequest("/t.T/Watch", bytes, bytes, Buffer.alloc(0));
for await (const _ of stream) break;
await settle();
console.log("grpc-js 1.14.7: the loop is left, destroyed: %s, calls open at the server: %d",
  stream.destroyed, open);
stream.cancel();
await settle();
console.log("grpc-js 1.14.7: after cancel(), calls open at the server: %d", open);

const file = { name: "t.proto", package: "t", syntax: "proto3", messageType: [{ name: "M" }],
  service: [{ name: "T",
    method: [{ name: "Watch", inputType: ".t.M", outputType: ".t.M", serverStreaming: true }] }] };
const service = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] })).getService("t.T");
const client = createClient(service, createGrpcTransport({ baseUrl: `http://${address}` }));
const stop = new AbortController();
for await (const _ of client.watch({}, { signal: stop.signal })) break;
await settle();
console.log("connect-node 2.1.2: the loop is left, calls open at the server: %d", open);
stop.abort();
await settle();
console.log("connect-node 2.1.2: after abort(), calls open at the server: %d", open);
process.exit(0);
JS
timeout 60 node probe.mjs | tee seen

cat >expected <<'TEXT'
grpc-js 1.14.7: the loop is left, destroyed: true, calls open at the server: 1
grpc-js 1.14.7: after cancel(), calls open at the server: 0
connect-node 2.1.2: the loop is left, calls open at the server: 1
connect-node 2.1.2: after abort(), calls open at the server: 0
TEXT
if ! diff expected seen; then
  echo "A loop over a server's stream that is left now ends the call otherwise." >&2
  exit 1
fi
