#!/usr/bin/env bash
# grpclib 0.4.9 with h2 4.4.1: a server that drains to let calls finish loses this client's call.
#
# A gRPC server that stops with a grace period sends GOAWAY with NO_ERROR and the highest stream
# number, a PING behind it, and goes on serving what is open: RFC 9113, section 6.8, has it so in
# order that no request is lost. One would guess that a call which was there before the GOAWAY, and
# whose answer comes well within the grace period, gets its answer from any gRPC client.
#
# grpcio 1.66.2 gets it. grpclib's call ends at once with StreamTerminatedError, before the answer
# is made and with no gRPC status at all: h2 puts its connection into CLOSED on the first GOAWAY,
# whatever stream number that names, and raises ProtocolError for the PING right behind it; grpclib
# then closes the connection with all its calls.
#
# Output seen:
#   grpcio 1.66.2: 12.50, server finished the call: True
#   grpclib 0.4.9: StreamTerminatedError: Connection lost, server finished the call: False
#   h2 4.4.1 alone: ProtocolError for RECV_PING
#
# Why it matters here: at every rollout a balance service drains its connections. Neither a longer
# grace period nor a preStop hook spares these callers; they must take the error for UNAVAILABLE and
# try again, and a test of draining that has only grpcio for a client does not show it.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv python
python/bin/pip install -q --disable-pip-version-check --no-deps \
  grpcio==1.66.2 grpclib==0.4.9 h2==4.4.1 hpack==4.2.0 hyperframe==6.1.0 multidict==7.2.1

cat >probe.py <<'PY'
import asyncio
import socket
import threading
from concurrent import futures

import grpc
import grpclib.client
import grpclib.exceptions
import h2.config
import h2.connection
import h2.exceptions

PATH = "/balance.Balances/Get"


class Slow:
    """A server whose one call takes a second, and which drains after a fifth of it."""

    def __init__(self):
        self.began = threading.Event()
        self.finished = False
        self.server = grpc.server(futures.ThreadPoolExecutor(2))
        handler = grpc.unary_unary_rpc_method_handler(self.get)
        self.server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("balance.Balances", {"Get": handler}),))
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        self.drain = threading.Thread(target=self.stop)
        self.drain.start()

    def get(self, _, context):
        self.began.set()
        threading.Event().wait(1.0)
        self.finished = context.is_active()
        return b"12.50"

    def stop(self):
        self.began.wait(10)
        threading.Event().wait(0.2)
        self.server.stop(8).wait(10)


class Bytes:
    __content_subtype__ = "proto"

    def encode(self, message, _):
        return message

    def decode(self, message, _):
        return message


def with_grpcio(port):
    with grpc.insecure_channel(f"127.0.0.1:{port}",
                               options=[("grpc.enable_http_proxy", 0)]) as channel:
        return channel.unary_unary(PATH)(b"", timeout=8).decode()


def with_grpclib(port):
    async def call():
        channel = grpclib.client.Channel("127.0.0.1", port, codec=Bytes())
        try:
            method = grpclib.client.UnaryUnaryMethod(channel, PATH, bytes, bytes)
            return (await method(b"", timeout=8)).decode()
        except (grpclib.exceptions.GRPCError, grpclib.exceptions.StreamTerminatedError) as error:
            return f"{type(error).__name__}: {error}"
        finally:
            channel.close()

    return asyncio.run(call())


def with_h2(port):
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    connection.initiate_connection()
    connection.send_headers(1, [(":method", "POST"), (":scheme", "http"),
                                (":authority", "localhost"), (":path", PATH), ("te", "trailers"),
                                ("content-type", "application/grpc")])
    connection.send_data(1, bytes(5), end_stream=True)
    with socket.create_connection(("127.0.0.1", port), timeout=8) as peer:
        peer.sendall(connection.data_to_send())
        while data := peer.recv(65536):
            try:
                connection.receive_data(data)
            except h2.exceptions.ProtocolError as error:
                at = "RECV_PING" if "RECV_PING" in str(error) else str(error)
                return f"{type(error).__name__} for {at}"
            peer.sendall(connection.data_to_send())
    return "no error"


for name, client in (("grpcio 1.66.2", with_grpcio), ("grpclib 0.4.9", with_grpclib)):
    server = Slow()
    result = client(server.port)
    server.drain.join()
    print(f"{name}: {result}, server finished the call: {server.finished}")
server = Slow()
print(f"h2 4.4.1 alone: {with_h2(server.port)}")
server.drain.join()
PY
timeout 90 python/bin/python probe.py | tee seen

cat >expected <<'TEXT'
grpcio 1.66.2: 12.50, server finished the call: True
grpclib 0.4.9: StreamTerminatedError: Connection lost, server finished the call: False
h2 4.4.1 alone: ProtocolError for RECV_PING
TEXT
if ! diff expected seen; then
  echo "grpclib on h2 now ends a call in flight otherwise while its server drains." >&2
  exit 1
fi
