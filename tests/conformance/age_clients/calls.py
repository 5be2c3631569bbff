"""The same as calls.mjs, for the LIBRARY "grpcio" or "grpcio-aio"."""

import asyncio
import collections
import json
import os
import signal
import threading
import time

import grpc
import grpc.aio

TIMEOUT_SECONDS = 20
METHOD = "/connectrpc.conformance.v1.ConformanceService/Unary"
ADDRESS = f"127.0.0.1:{os.environ['PORT']}"
LOADS = json.loads(os.environ["LOADS"])
# Else all channels to an address share one connection.
OPTIONS = [("grpc.use_local_subchannel_pool", 1)]


class Result:

    def __init__(self):
        self.calls = 0
        self.failed = collections.Counter()
        self.is_over = threading.Event()
        self._mutex = threading.Lock()

    def count(self, error: grpc.RpcError | None = None) -> None:
        with self._mutex:
            self.calls += 1
            if error is not None:
                self.failed[f"{error.code()}: {error.details()}"] += 1

    def print(self) -> None:
        print(json.dumps({"calls": self.calls, "failed": self.failed}))


def pauses(load: dict) -> list[float]:
    return [load["pause_ms"] * (1 + i / 10) / 1000 for i in range(load["at_a_time"])]


def call_with_threads(result: Result) -> None:
    def keep_calling(call, pause: float) -> None:
        while not result.is_over.is_set():
            try:
                call(b"", timeout=TIMEOUT_SECONDS)
                result.count()
            except grpc.RpcError as error:
                result.count(error)
            time.sleep(pause)

    channels = [(grpc.insecure_channel(ADDRESS, OPTIONS), load) for load in LOADS]
    threads = [threading.Thread(target=keep_calling, args=(channel.unary_unary(METHOD), pause))
               for channel, load in channels for pause in pauses(load)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


async def call_with_asyncio(result: Result) -> None:
    async def keep_calling(call, pause: float) -> None:
        while not result.is_over.is_set():
            try:
                await call(b"", timeout=TIMEOUT_SECONDS)
                result.count()
            except grpc.RpcError as error:
                result.count(error)
            await asyncio.sleep(pause)

    channels = [(grpc.aio.insecure_channel(ADDRESS, OPTIONS), load) for load in LOADS]
    await asyncio.gather(*(keep_calling(channel.unary_unary(METHOD), pause)
                           for channel, load in channels for pause in pauses(load)))


def main() -> None:
    result = Result()
    signal.signal(signal.SIGTERM, lambda *_: result.is_over.set())
    if os.environ["LIBRARY"] == "grpcio-aio":
        asyncio.run(call_with_asyncio(result))
    else:
        call_with_threads(result)
    result.print()


if __name__ == "__main__":
    main()
