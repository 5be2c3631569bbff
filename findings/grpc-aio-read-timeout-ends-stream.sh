#!/usr/bin/env bash
# grpcio 1.85.1 (grpc.aio): a read of a stream that takes too long ends the whole call.
#
# `await asyncio.wait_for(call.read(), 0.3)` waits at most so long for the next message. When the time
# is over, asyncio cancels the read. One would guess that nothing but this read is over and that the next
# one goes on where it was, as with asyncio's own StreamReader and queues.
#
# But grpc.aio takes the cancellation of a read for that of the call: it resets the stream, and every
# later read raises CancelledError, which is no RpcError and no Exception either: where a loop catches
# Exception, it is the task itself that ends. grpclib, in the same place, reads on.
#
# Output seen:
#   grpcio 1.85.1: 0, TimeoutError, CancelledError, CancelledError; call cancelled: True
#   grpclib 0.4.9: 0, TimeoutError, 1, 2
#
# Why it matters here: a stream of balances is silent while nothing changes. Who looks in with a short
# timeout, to do something else in between, loses the stream at the first silence, and by a
# CancelledError a whole task. Read in a task of its own and put messages into a queue; or take the end
# for what it is, and call again.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv python
python/bin/pip install -q --disable-pip-version-check grpcio==1.85.1 typing_extensions==4.16.0 \
  grpclib==0.4.9 h2==4.4.1 hpack==4.2.0 hyperframe==6.1.0 multidict==7.2.1

cat >probe.py <<'PY'
import asyncio

import grpc.aio
import grpclib.client

WATCH = "/balance.Balances/Watch"
OPTIONS = [("grpc.enable_http_proxy", 0)]


class Bytes:
    __content_subtype__ = "proto"

    def encode(self, message, _):
        return message

    def decode(self, message, _):
        return message


async def serve(silence_is_over: asyncio.Event):
    async def watch(_, __):
        yield b"0"
        await silence_is_over.wait()
        yield b"1"
        yield b"2"

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(
        "balance.Balances", {"Watch": grpc.unary_stream_rpc_method_handler(watch)}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return server, port


async def reads(read, silence_is_over: asyncio.Event) -> str:
    """What four reads find, the second of which has too little time."""
    found = []
    for timeout in (8, 0.3, 8, 8):
        try:
            found.append((await asyncio.wait_for(read(), timeout)).decode())
        except asyncio.TimeoutError:
            found.append("TimeoutError")
            silence_is_over.set()
        except asyncio.CancelledError:
            found.append("CancelledError")
    return ", ".join(found)


async def main():
    silence_is_over = asyncio.Event()
    server, port = await serve(silence_is_over)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", OPTIONS) as channel:
        call = channel.unary_stream(WATCH)(b"")
        found = await reads(call.read, silence_is_over)
        print(f"grpcio 1.85.1: {found}; call cancelled: {call.cancelled()}")

    silence_is_over.clear()
    channel = grpclib.client.Channel("127.0.0.1", port, codec=Bytes())
    method = grpclib.client.UnaryStreamMethod(channel, WATCH, bytes, bytes)
    async with method.open() as stream:
        await stream.send_message(b"", end=True)
        print(f"grpclib 0.4.9: {await reads(stream.recv_message, silence_is_over)}")
    channel.close()
    await server.stop(None)


asyncio.run(main())
PY
timeout 60 python/bin/python probe.py | tee seen

cat >expected <<'TEXT'
grpcio 1.85.1: 0, TimeoutError, CancelledError, CancelledError; call cancelled: True
grpclib 0.4.9: 0, TimeoutError, 1, 2
TEXT
if ! diff expected seen; then
  echo "A read that took too long now ends otherwise." >&2
  exit 1
fi
