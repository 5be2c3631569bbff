#!/usr/bin/env bash
# @connectrpc/connect 2.1.2: an interceptor that calls next(request) a second time repeats a unary
# call as it was, but a server-streaming one without its message, and says nothing of it.
#
# An interceptor is the documented place for what concerns every call, and connect-node 2.1.2 repeats
# nothing itself, so that callers write "catch a lost connection, then next(request) once more" there.
# The same interceptor is run for unary and for streaming calls, with the same kind of argument. One
# would guess that what repeats the one repeats the other: the caller passed one plain message to
# both, and a method that streams answers only still takes just one.
#
# But request.message of a streaming call is an AsyncIterable, which is empty once it has been sent.
# The second attempt is then HEADERS and an empty body, a request that such a method does not have.
# gRPC's word for too few messages is UNIMPLEMENTED: whoever reads that error looks for a missing
# method, and not for a connection that was lost a moment ago. `request.stream` tells the two apart; a
# stream is to be called anew by whoever follows it.
#
# Output seen:
#   unary: 8 bytes, then 8 bytes
#   stream: 8 bytes, then 0 bytes
#
# Why it matters here: a balance service ends connections by their age, and its callers repeat what
# was lost. Found as a rare failure of the interceptor that this repository's docs/calling.md gives.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private": true}' >package.json
npm install --silent --ignore-scripts --no-audit --no-fund --logs-max=0 \
  @connectrpc/connect@2.1.2 @connectrpc/connect-node@2.1.2 @bufbuild/protobuf@2.17.0

cat >probe.mjs <<'JS'
import { createServer } from "node:http2";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { createFileRegistry, fromJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

// Loses the first call of each method; answers the second with no message and status OK.
const sizes = {};
const server = createServer();
server.on("stream", (stream, headers) => {
  const method = headers[":path"].split("/").pop();
  let size = 0;
  stream.on("error", () => {});
  stream.on("data", (bytes) => { size += bytes.length; });
  stream.on("end", () => {
    (sizes[method] ??= []).push(size);
    if (sizes[method].length === 1) return stream.close(7 /* REFUSED_STREAM */);
    stream.respond({ ":status": 200, "content-type": "application/grpc+proto" },
      { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(method === "Unary" ? Buffer.alloc(5) : undefined);
  });
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));

const NAME = { name: "name", number: 1, type: "TYPE_STRING", label: "LABEL_OPTIONAL" };
const registry = createFileRegistry(fromJson(FileDescriptorSetSchema, { file: [{
  name: "probe.proto",
  package: "probe",
  syntax: "proto3",
  messageType: [{ name: "Named", field: [NAME] }],
  service: [{
    name: "Probe",
    method: [
      { name: "Unary", inputType: ".probe.Named", outputType: ".probe.Named" },
      { name: "Stream", inputType: ".probe.Named", outputType: ".probe.Named", serverStreaming: true },
    ],
  }],
}] }));

const onceMore = (next) => async (request) => {
  try {
    return await next(request);
  } catch {
    return await next(request);
  }
};
const client = createClient(registry.getService("probe.Probe"), createGrpcTransport({
  baseUrl: `http://127.0.0.1:${server.address().port}`,
  interceptors: [onceMore],
}));
// Each is five bytes of prefix, one of the field's key, one of its length, and "a".
const request = { name: "a" };
await client.unary(request);
for await (const answer of client.stream(request)) throw new Error(`answered ${answer}`);
console.log(`unary: ${sizes.Unary.join(" bytes, then ")} bytes`);
console.log(`stream: ${sizes.Stream.join(" bytes, then ")} bytes`);
process.exit(0);
JS

node probe.mjs | tee seen
[[ $(<seen) == "unary: 8 bytes, then 8 bytes
stream: 8 bytes, then 0 bytes" ]] || { echo "connect repeats otherwise now" >&2; exit 1; }
