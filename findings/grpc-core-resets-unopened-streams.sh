#!/usr/bin/env bash
# gRPC core 1.51.1 (here grpcio; Debian 12's C++ library has the same): resets streams that it never opened.
#
# A call with a deadline of a few milliseconds may end before its process came to send anything of it. One
# would guess that the server then hears nothing of such a call: in HTTP/2 a stream begins with HEADERS, and
# RST_STREAM for one that has not begun is an error of the whole connection (RFC 9113, sections 5.1 and 6.4).
#
# But the core numbers a stream before it writes its HEADERS, and a deadline that ends in between sends
# RST_STREAM alone. gRPC's own servers take it; those that go by the RFC, nghttp2's among them, end the
# connection, and with it every other call on it.
#
# Output seen (the numbers vary):
#   grpcio 1.51.1: 14080 calls ended by their deadline, 4591 resets of streams that never began
#
# Why it matters here: bots read balances with short deadlines in busy processes. One late read ended the
# connection that all reads and streams of the process share.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat >try.py <<'PYTHON'
"""Makes calls with short deadlines to a server that answers none, and looks at what it is sent."""
import random
import socket
import sys
import threading
import time

import grpc

HEADERS, RST_STREAM, SETTINGS, PING = 1, 3, 4, 6
ACK = 1
ended = []
never_began = []


def frames(connection):
    reader = connection.makefile("rb")
    reader.read(24)
    while len(header := reader.read(9)) == 9:
        yield (header[3], header[4], int.from_bytes(header[5:], "big"),
               reader.read(int.from_bytes(header[:3], "big")))


def listen_to(connection):
    connection.sendall(bytes([0, 0, 0, SETTINGS, 0, 0, 0, 0, 0]))
    begun = set()
    for kind, flags, stream, payload in frames(connection):
        if kind == HEADERS:
            begun.add(stream)
        elif kind == RST_STREAM and stream not in begun:
            never_began.append(stream)
        elif kind in (SETTINGS, PING) and not flags & ACK:
            answer = payload if kind == PING else b""
            connection.sendall(bytes([0, 0, len(answer), kind, ACK, 0, 0, 0, 0]) + answer)


def accept(listener):
    while True:
        threading.Thread(target=listen_to, args=(listener.accept()[0],), daemon=True).start()


def call_until(end, call, seed):
    deadlines = random.Random(seed)
    while time.monotonic() < end:
        calls = [call.future(b"", timeout=deadlines.uniform(0.0005, 0.02)) for _ in range(20)]
        ended.extend(a_call.code() for a_call in calls)


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=accept, args=(listener,), daemon=True).start()
channel = grpc.insecure_channel(f"127.0.0.1:{listener.getsockname()[1]}")
callers = [threading.Thread(target=call_until, args=(
    time.monotonic() + 5, channel.unary_unary("/balance/Get"), seed)) for seed in range(16)]
for caller in callers:
    caller.start()
for caller in callers:
    caller.join()
by_deadline = sum(code is grpc.StatusCode.DEADLINE_EXCEEDED for code in ended)
print(f"grpcio {grpc.__version__}: {by_deadline} calls ended by their deadline, "
      f"{len(never_began)} resets of streams that never began")
sys.exit(0 if never_began else 3)
PYTHON

python3 -m venv python
python/bin/pip -q install --disable-pip-version-check grpcio==1.51.1
code=0
python/bin/python try.py || code=$?
if ((code != 0)); then
  echo "gRPC's core now treats calls that end before they began otherwise." >&2
  exit 1
fi
