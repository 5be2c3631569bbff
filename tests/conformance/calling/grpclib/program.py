"""Calls with grpclib as recipe.py has it; see ../README.md for what it is told and what it says."""

import asyncio
import collections
import importlib.metadata
import json
import os
import signal
from pathlib import Path

from balance.v1 import balance_service_pb2 as messages
from balance.v1.balance_service_grpc import BalanceServiceStub
from google.protobuf import json_format
from grpclib.client import Channel
from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError

import recipe

TOLD = json.loads(os.environ["TOLD"])
FILES = [Path(TOLD[name]) for name in ("ca", "certificate", "key")]
TIMEOUT_SECONDS = 20
GET = messages.GetAccountSnapshotRequest(name="accounts/desk-1")


def connect(address: str, files: list[Path] = FILES) -> Channel:
    host, port = address.split(":")
    return recipe.connect(host, int(port), *files)


async def code_of(call) -> str:
    try:
        await call
    except GRPCError as error:
        return error.status.name
    except (OSError, StreamTerminatedError, asyncio.TimeoutError) as error:
        return type(error).__name__
    return "OK"


def misspelt(request: dict) -> str:
    try:
        json_format.ParseDict(request, messages.GetAccountSnapshotRequest())
    except json_format.ParseError:
        return "refused"
    return "dropped"


async def code_of_slow(service: BalanceServiceStub) -> str:
    """How a call ends whose deadline passes. The server ends it too, by the same deadline, and is
    heard first where this program was not run for a moment: then once more."""
    for _ in range(5):
        code = await code_of(service.GetSourceBalance(messages.GetSourceBalanceRequest(), timeout=0.5))
        if code not in (StreamTerminatedError.__name__, Status.DEADLINE_EXCEEDED.name):
            break
    return code


async def facts() -> dict:
    service = BalanceServiceStub(connect(TOLD["address"]))
    bearer = {"authorization": f"Bearer {TOLD['token']}"}
    snapshot = await recipe.call(service.GetAccountSnapshot, GET, TIMEOUT_SECONDS, bearer)
    try:
        dead = messages.GetSourceBalanceRequest(name=TOLD["dead_source"])
        await recipe.call(service.GetSourceBalance, dead, TIMEOUT_SECONDS)
    except GRPCError as error:
        info, retry = recipe.details_of(error)
    channel = connect(TOLD["flaky"])
    flaky = BalanceServiceStub(channel)
    bare = await code_of(flaky.GetAccountSnapshot(GET, timeout=TIMEOUT_SECONDS))
    stream = recipe.watch(channel, messages.WatchAccountSnapshotsRequest(), 0.3)
    for _ in range(2):
        await anext(stream)
    await stream.aclose()

    def get(peer: str):
        return BalanceServiceStub(connect(TOLD[peer])).GetAccountSnapshot(GET, timeout=TIMEOUT_SECONDS)
    return {"version": importlib.metadata.version("grpclib"),
            "misspelt": [misspelt({"policy": {"require": "AL"}}),
                         misspelt({"policy": {"requires": "ALL"}})],
            "token": snapshot.name,
            "cash": snapshot.sources[0].balance_set.balances[0].cash.value,
            "error": [info.reason, retry is not None],
            "flaky": bare,
            "flaky_by_recipe": await code_of(
                recipe.call(flaky.GetAccountSnapshot, GET, TIMEOUT_SECONDS)),
            "sick": await code_of(get("sick")), "closed": await code_of(get("closed")),
            "slow": await code_of_slow(flaky)}


async def main() -> None:
    is_over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, is_over.set)
    result = {"calls": 0, "failed": collections.Counter(), "snapshots": 0, "goodbyes": 0}
    result |= await facts()

    async def follow() -> None:
        channel = connect(TOLD["address"])
        async for message in recipe.watch(channel, messages.WatchAccountSnapshotsRequest()):
            result["snapshots"] += message.HasField("snapshot")
            result["goodbyes"] += message.HasField("goodbye")

    async def keep_calling() -> None:
        service = BalanceServiceStub(connect(TOLD["address"]))
        while not is_over.is_set():
            try:
                await recipe.call(service.GetAccountSnapshot, GET, TIMEOUT_SECONDS)
            except Exception as error:
                result["failed"][repr(error)] += 1
            result["calls"] += 1
            await asyncio.sleep(TOLD["pause"])

    print("ready", flush=True)
    followers = [asyncio.create_task(follow()) for _ in range(TOLD["watches"])]
    await asyncio.gather(*(keep_calling() for _ in range(TOLD["connections"])))
    for follower in followers:
        follower.cancel()
    print(json.dumps(result), flush=True)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
