#!/usr/bin/env bash
# betterproto2 0.10.0: a negative timedelta goes over the wire as another length of time.
#
# A google.protobuf.Duration has seconds and nanos of one sign: -1 ms is {nanos: -1000000}. betterproto2
# has a timedelta in its place, and one would guess that what is parsed is what was serialised.
#
# A timedelta keeps -1 ms as "-1 day + 86399 s + 999000 us". betterproto2 takes the whole seconds of it,
# rounded towards zero, and the microseconds as they are, which count from below: -1 ms becomes
# {nanos: 999000000}, nearly a second and positive; -1.5 s becomes {seconds: -1, nanos: 500000000},
# whose signs differ, and which it reads as -0.5 s. Whole negative seconds are right.
#
# Output seen:
#   betterproto2 0.10.0: -0.001 s is sent as seconds 0, nanos 999000000, and read as 0.999 s
#   betterproto2 0.10.0: -1.5 s is sent as seconds -1, nanos 500000000, and read as -0.5 s
#   betterproto2 0.10.0: -2.0 s is sent as seconds -2, nanos 0, and read as -2.0 s
#   protobuf 7.36.2: -0.001 s is sent as seconds 0, nanos -1000000
#   protobuf 7.36.2: -1.5 s is sent as seconds -1, nanos -500000000
#
# Why it matters here: clock skews and "time left" are durations that may be negative. A caller who
# computes the greatest age that is still acceptable as "deadline - now", and is 1 ms late, asks for
# readings up to 0.999 s old in place of an error for a negative age.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv python
python/bin/pip install -q --disable-pip-version-check betterproto2==0.10.0 \
  betterproto2-compiler==0.10.1 protobuf==7.36.2 grpcio==1.85.1 grpcio-tools==1.85.1 setuptools==80.9.0

cat >policy.proto <<'PROTO'
syntax = "proto3";
package t;
import "google/protobuf/duration.proto";
message Policy {
  google.protobuf.Duration max_age = 1;
}
PROTO
mkdir better
PATH=$dir/python/bin:$PATH python/bin/python -m grpc_tools.protoc -I. --python_out=. \
  --python_betterproto2_out=better policy.proto 2>protoc-said || { cat protoc-said >&2; exit 1; }

cat >probe.py <<'PY'
from datetime import timedelta
from importlib.metadata import version

import policy_pb2
from better.t import Policy

for seconds in (-0.001, -1.5, -2.0):
    wire = bytes(Policy(max_age=timedelta(seconds=seconds)))
    sent = policy_pb2.Policy.FromString(wire).max_age
    print(f"betterproto2 {version('betterproto2')}: {seconds} s is sent as seconds {sent.seconds},"
          f" nanos {sent.nanos}, and read as {Policy.parse(wire).max_age.total_seconds()} s")
for seconds in (-0.001, -1.5):
    policy = policy_pb2.Policy()
    policy.max_age.FromTimedelta(timedelta(seconds=seconds))
    print(f"protobuf {version('protobuf')}: {seconds} s is sent as seconds {policy.max_age.seconds},"
          f" nanos {policy.max_age.nanos}")
PY
timeout 60 python/bin/python probe.py | tee seen

cat >expected <<'TEXT'
betterproto2 0.10.0: -0.001 s is sent as seconds 0, nanos 999000000, and read as 0.999 s
betterproto2 0.10.0: -1.5 s is sent as seconds -1, nanos 500000000, and read as -0.5 s
betterproto2 0.10.0: -2.0 s is sent as seconds -2, nanos 0, and read as -2.0 s
protobuf 7.36.2: -0.001 s is sent as seconds 0, nanos -1000000
protobuf 7.36.2: -1.5 s is sent as seconds -1, nanos -500000000
TEXT
if ! diff expected seen; then
  echo "betterproto2 now sends a negative timedelta otherwise." >&2
  exit 1
fi
