"""Calls with grpcio as recipe.py has it; see ../README.md for what it is told and what it says."""

import collections
import json
import os
import signal
import threading
import time
from pathlib import Path

import grpc
from balance.v1 import balance_service_pb2 as messages
from balance.v1 import balance_service_pb2_grpc as services
from google.protobuf import json_format

import recipe

TOLD = json.loads(os.environ["TOLD"])
FILES = {name: Path(TOLD[name]) for name in ("ca", "certificate", "key", "service_config")}
TIMEOUT_SECONDS = 20
GET = messages.GetAccountSnapshotRequest(name="accounts/desk-1")


def stub_of(address: str):
    # Else all channels to an address share one connection.
    own = ("grpc.use_local_subchannel_pool", 1)
    return services.BalanceServiceStub(recipe.connect(address, *FILES.values(), own))


def code_of(call) -> str:
    try:
        call()
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


def misspelt(request: dict) -> str:
    try:
        json_format.ParseDict(request, messages.GetAccountSnapshotRequest())
    except json_format.ParseError:
        return "refused"
    return "dropped"


def token_facts() -> dict:
    channel = recipe.connect_with_token(TOLD["address"], FILES["ca"], TOLD["token"],
                                        FILES["service_config"])
    snapshot = services.BalanceServiceStub(channel).GetAccountSnapshot(GET, timeout=TIMEOUT_SECONDS)
    return {"token": snapshot.name, "cash": snapshot.sources[0].balance_set.balances[0].cash.value}


def error_facts() -> dict:
    dead = messages.GetSourceBalanceRequest(name=TOLD["dead_source"])
    try:
        stub_of(TOLD["address"]).GetSourceBalance(dead, timeout=TIMEOUT_SECONDS)
    except grpc.RpcError as error:
        info, retry = recipe.details_of(error)
        return {"error": [info.reason, retry is not None]}
    return {}


def peer_facts() -> dict:
    def get(peer: str, **options) -> str:
        return code_of(lambda: stub_of(TOLD[peer]).GetAccountSnapshot(GET, **options))
    flaky = stub_of(TOLD["flaky"])
    slow = messages.GetSourceBalanceRequest()
    stream = recipe.watch(flaky, messages.WatchAccountSnapshotsRequest(), 0.3)
    for _ in range(2):
        next(stream)
    stream.close()
    return {"flaky": get("flaky", timeout=TIMEOUT_SECONDS), "sick": get("sick", timeout=TIMEOUT_SECONDS),
            "closed": get("closed", timeout=TIMEOUT_SECONDS),
            "closed_waiting": get("closed", timeout=1, wait_for_ready=True),
            "slow": code_of(lambda: flaky.GetSourceBalance(slow, timeout=0.5))}


def main() -> None:
    is_over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: is_over.set())
    result = {"version": grpc.__version__, "calls": 0, "failed": collections.Counter(),
              "snapshots": 0, "goodbyes": 0,
              "misspelt": [misspelt({"policy": {"require": "AL"}}),
                           misspelt({"policy": {"requires": "ALL"}})]}
    result |= token_facts() | error_facts() | peer_facts()

    def follow() -> None:
        for message in recipe.watch(stub_of(TOLD["address"]), messages.WatchAccountSnapshotsRequest()):
            result["snapshots"] += message.HasField("snapshot")
            result["goodbyes"] += message.HasField("goodbye")

    def keep_calling(stub) -> None:
        while not is_over.is_set():
            try:
                stub.GetAccountSnapshot(GET, timeout=TIMEOUT_SECONDS)
            except grpc.RpcError as error:
                result["failed"][f"{error.code()}: {error.details()}"] += 1
            result["calls"] += 1
            time.sleep(TOLD["pause"])

    print("ready", flush=True)
    for _ in range(TOLD["watches"]):
        threading.Thread(target=follow, daemon=True).start()
    callers = [threading.Thread(target=keep_calling, args=(stub_of(TOLD["address"]),))
               for _ in range(TOLD["connections"])]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    print(json.dumps(result), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
