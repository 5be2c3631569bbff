#!/usr/bin/env bash
# @grpc/proto-loader 0.8.1: an enum value that its .proto file does not know is left out of a request
# without a word.
#
# With @grpc/grpc-js and @grpc/proto-loader a request is a plain object, and an enum is a name in it. A
# program may be older than the API: its copy of the .proto file then lacks the value (here QUORUM) that
# a user sets in its configuration and the server knows. One would guess that this is an error before
# anything is sent, as a Duration is that was given as a string ("object expected").
#
# But an unknown name is taken for "not set", and so is a field that the copy does not have; with
# `keepCase: true` that goes for the names of protobuf's JSON mapping (maxAge) too. The bytes are those
# of an empty message, and the server applies its default. The value's number, which nothing knows
# either, is sent as it is. protobufjs below has a check, verify(), which proto-loader does not call.
#
# Output seen (1200 on the wire is a `policy` in which nothing is set):
#   {"require":"ALL"}: 12022802
#   {"require":"QUORUM"}: 1200
#   {"require":3}: 12022803
#   {"quorum":2}: 1200
#   {"maxAge":{"seconds":1}}: 1200
#   {"max_age":"1s"}: TypeError, .t.Policy.max_age: object expected
#   protobufjs 7.5.5, verify() of {"require":"QUORUM"}: require: enum value expected
#
# Why it matters here: who requires more sources of a balance service than the default does, under a
# name that is new or misspelt, is answered by the default: with half a book and status OK. Types from
# proto-loader-gen-types help where the object is written down, not where a configuration is read.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private": true}' >package.json
npm install --silent --ignore-scripts --no-audit --no-fund --logs-max=0 \
  @grpc/proto-loader@0.8.1 protobufjs@7.5.5

cat >policy.proto <<'PROTO'
syntax = "proto3";
package t;
import "google/protobuf/duration.proto";
message Policy {
  enum Require {
    REQUIRE_UNSPECIFIED = 0;
    ANY = 1;
    ALL = 2;
    // The server's copy has `QUORUM = 3`, and a field `quorum`.
  }
  google.protobuf.Duration max_age = 1;
  Require require = 5;
}
message Request {
  string name = 1;
  Policy policy = 2;
}
service T {
  rpc Get(Request) returns (Request);
}
PROTO
cat >probe.mjs <<'JS'
import { loadSync } from "@grpc/proto-loader";
import protobufjs from "protobufjs";

const { Get } = loadSync("policy.proto",
  { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true })["t.T"];
for (const policy of [{ require: "ALL" }, { require: "QUORUM" }, { require: 3 }, { quorum: 2 },
  { maxAge: { seconds: 1 } }, { max_age: "1s" }]) {
  let result;
  try {
    result = Get.requestSerialize({ policy }).toString("hex");
  } catch (error) {
    result = `${error.name}, ${error.message}`;
  }
  console.log(`${JSON.stringify(policy)}: ${result}`);
}
const Policy = (await protobufjs.load("policy.proto")).lookupType("t.Policy");
console.log('protobufjs 7.5.5, verify() of {"require":"QUORUM"}:',
  Policy.verify({ require: "QUORUM" }));
JS
timeout 30 node probe.mjs | tee seen

cat >expected <<'TEXT'
{"require":"ALL"}: 12022802
{"require":"QUORUM"}: 1200
{"require":3}: 12022803
{"quorum":2}: 1200
{"maxAge":{"seconds":1}}: 1200
{"max_age":"1s"}: TypeError, .t.Policy.max_age: object expected
protobufjs 7.5.5, verify() of {"require":"QUORUM"}: require: enum value expected
TEXT
if ! diff expected seen; then
  echo "proto-loader now takes an enum value that it does not know otherwise." >&2
  exit 1
fi
