"""Follows WatchAccountSnapshots with grpcio, and calls again whenever the stream ends, until SIGTERM.

Environment: ADDRESS, REQUEST (base64), SERVICE_CONFIG, and LIBRARY ("grpcio" or "grpcio-aio"). Prints a
line of JSON for each message, {"message": BASE64}, and for each end, {"end": CODE}. The clients of the
other languages in this folder do the same.
"""

import asyncio
import base64
import json
import os
import signal
import threading

import grpc
import grpc.aio

METHOD = "/balance.v1.BalanceService/WatchAccountSnapshots"
PAUSE_SECONDS = 0.2
OPTIONS = [("grpc.service_config", os.environ["SERVICE_CONFIG"])]
REQUEST = base64.b64decode(os.environ["REQUEST"])


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def watch_with_threads() -> None:
    is_over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: is_over.set())

    def follow() -> None:
        call = grpc.insecure_channel(os.environ["ADDRESS"], OPTIONS).unary_stream(METHOD)
        while True:
            try:
                for message in call(REQUEST):
                    say(message=base64.b64encode(message).decode())
            except grpc.RpcError as error:
                say(end=error.code().name)
            threading.Event().wait(PAUSE_SECONDS)
    threading.Thread(target=follow, daemon=True).start()
    is_over.wait()


async def watch_with_asyncio() -> None:
    is_over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, is_over.set)

    async def follow() -> None:
        call = grpc.aio.insecure_channel(os.environ["ADDRESS"], OPTIONS).unary_stream(METHOD)
        while True:
            try:
                async for message in call(REQUEST):
                    say(message=base64.b64encode(message).decode())
            except grpc.RpcError as error:
                say(end=error.code().name)
            await asyncio.sleep(PAUSE_SECONDS)
    following = asyncio.create_task(follow())
    await is_over.wait()
    following.cancel()


if __name__ == "__main__":
    if os.environ["LIBRARY"] == "grpcio-aio":
        asyncio.run(watch_with_asyncio())
    else:
        watch_with_threads()
    # gRPC's own threads may not be done.
    os._exit(0)
