#!/usr/bin/env bash
# grpcio 1.66.2: a server is told of up to one per cent more time than its caller gave.
#
# A caller's deadline travels as the time that is left, grpc-timeout, with up to eight digits and a
# unit: 10010m says 10.01 s exactly, 1001S says 1001 s. The trip only eats of it, so one would guess
# that time_remaining() at the server is at most what the caller has left.
#
# Instead the client rounds up on the way out, to three significant digits or so: from 1 s on to
# hundredths, from 10 s to tenths, from 100 s to seconds, from 1000 s to tens of seconds. The server
# sees more time than there is, by more than what a trip takes. The caller's own call object goes on
# with the time that was asked for. A round 100 s became 101 s in every run as well.
#
# Output seen (seconds; the highest of five calls, so that a slow moment does not count):
#   timeout 10.01: caller has 10.0, server sees 10.1
#   timeout 100.1: caller has 100.1, server sees 101.0
#   timeout 1001: caller has 1001.0, server sees 1010.0
#
# Why it matters here: a service that waits for a venue until just before its caller's deadline, to
# show the old balance rather than nothing, answers after that caller has left: of 10.01 s a margin
# of 50 ms is too small. A margin has to be a share of the time, not only a constant.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv python
python/bin/pip install -q --disable-pip-version-check --no-deps grpcio==1.66.2

cat >probe.py <<'PY'
from concurrent import futures

import grpc

PATH = "/balance.Balances/Get"
TIMEOUTS = (10.01, 100.1, 1001)


def get(_, context):
    return repr(context.time_remaining()).encode()


server = grpc.server(futures.ThreadPoolExecutor(2))
handler = grpc.unary_unary_rpc_method_handler(get)
server.add_generic_rpc_handlers(
    (grpc.method_handlers_generic_handler("balance.Balances", {"Get": handler}),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}",
                           options=[("grpc.enable_http_proxy", 0)]) as channel:
    method = channel.unary_unary(PATH)
    method(b"", timeout=30, wait_for_ready=True)
    for timeout in TIMEOUTS:
        own, seen = 0.0, 0.0
        for _ in range(5):
            call = method.future(b"", timeout=timeout)
            own = max(own, call.time_remaining())
            seen = max(seen, float(call.result()))
        print(f"timeout {timeout}: caller has {own:.1f}, server sees {seen:.1f}")
server.stop(None).wait(10)
PY
timeout 90 python/bin/python probe.py | tee seen

cat >expected <<'TEXT'
timeout 10.01: caller has 10.0, server sees 10.1
timeout 100.1: caller has 100.1, server sees 101.0
timeout 1001: caller has 1001.0, server sees 1010.0
TEXT
if ! diff expected seen; then
  echo "grpcio now tells a server of another time than one rounded up to three digits." >&2
  exit 1
fi
