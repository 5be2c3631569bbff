#!/usr/bin/env bash
# ts-proto 2.18.0: fromJSON() reads a google.protobuf.Duration in its JSON form as zero.
#
# In protobuf's JSON mapping a Duration is a string of seconds with an "s": "2s", "0.5s". That is what
# every other generator writes, and what stands in examples for grpcurl. One would guess that the
# fromJSON() that ts-proto generates reads it, as it reads a Timestamp in its JSON form, or else throws.
#
# It does neither: it looks for `seconds` and `nanos` in the string, finds none and makes a Duration of
# zero. The field is set all the same and goes over the wire as zero. What toJSON() writes is an object
# ({"seconds": 2}), which only ts-proto's own fromJSON() takes, so that a test of ts-proto against
# itself finds nothing.
#
# Output seen:
#   ts-proto: "2s" is {"seconds":0,"nanos":0}, on the wire 0a00
#   ts-proto: {"seconds":2} is {"seconds":2,"nanos":0}, on the wire 0a020802
#   ts-proto writes {"maxAge":{"seconds":2}}
#   protobuf (Python) 7.36.2: "2s" on the wire 0a020802, and {"seconds":2} is a ParseError
#
# Why it matters here: in a read of balances "at most 2 s old" becomes "0 s old": each call goes through
# to the venue, or fails where the venue's budget is used up. And a bound of "0 s past its TTL" is not
# told from one of 60 s.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
echo '{"private": true, "type": "module"}' >package.json
npm install --silent --ignore-scripts --no-audit --no-fund --logs-max=0 \
  ts-proto@2.18.0 typescript@5.9.3
python3 -m venv python
python/bin/pip install -q --disable-pip-version-check \
  protobuf==7.36.2 grpcio==1.85.1 grpcio-tools==1.85.1 setuptools==80.9.0

cat >policy.proto <<'PROTO'
syntax = "proto3";
package t;
import "google/protobuf/duration.proto";
message Policy {
  google.protobuf.Duration max_age = 1;
}
PROTO
python/bin/python -m grpc_tools.protoc -I. --python_out=. --ts_proto_out=. \
  --ts_proto_opt=esModuleInterop=true,importSuffix=.js \
  --plugin=node_modules/.bin/protoc-gen-ts_proto policy.proto
node_modules/.bin/tsc --target es2022 --module nodenext --moduleResolution nodenext --skipLibCheck \
  policy.ts

cat >probe.mjs <<'JS'
import { Policy } from "./policy.js";

const text = (value) => JSON.stringify(value);
for (const maxAge of ["2s", { seconds: 2 }]) {
  const policy = Policy.fromJSON({ maxAge });
  const wire = Buffer.from(Policy.encode(policy).finish()).toString("hex");
  console.log(`ts-proto: ${text(maxAge)} is ${text(policy.maxAge)}, on the wire ${wire}`);
}
console.log(`ts-proto writes ${text(Policy.toJSON({ maxAge: { seconds: 2, nanos: 0 } }))}`);
JS
cat >probe.py <<'PY'
import google.protobuf
from google.protobuf import json_format

import policy_pb2

wire = json_format.Parse('{"maxAge": "2s"}', policy_pb2.Policy()).SerializeToString().hex()
try:
    json_format.Parse('{"maxAge": {"seconds": 2}}', policy_pb2.Policy())
    other = "taken"
except json_format.ParseError:
    other = "a ParseError"
print(f'protobuf (Python) {google.protobuf.__version__}: "2s" on the wire {wire},'
      f' and {{"seconds":2}} is {other}')
PY
(timeout 30 node probe.mjs && timeout 30 python/bin/python probe.py) | tee seen

cat >expected <<'TEXT'
ts-proto: "2s" is {"seconds":0,"nanos":0}, on the wire 0a00
ts-proto: {"seconds":2} is {"seconds":2,"nanos":0}, on the wire 0a020802
ts-proto writes {"maxAge":{"seconds":2}}
protobuf (Python) 7.36.2: "2s" on the wire 0a020802, and {"seconds":2} is a ParseError
TEXT
if ! diff expected seen; then
  echo "ts-proto, or what it is held against, now reads a Duration otherwise." >&2
  exit 1
fi
