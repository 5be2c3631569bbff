"""How soon one replica knows what another has read, and what a frozen Redis costs."""

import argparse
import json
import select
import socket
import statistics
import time
import urllib.request
from pathlib import Path

import http2_bytes as h2
from accounts import start_upstream, write_accounts
from h2load import H2load, Shape
from harness import http_get, poll_until, read_assignments
from redis_store import Redis, fleet_yaml
from replicas import WATCH_ALL, Call, Found, metric, start_replicas
from report import Chart, in_turns, print_table, ratios, spread
from servers import Servers, read_bytes

READS = Shape(16, 8)
# GetSourceBalanceRequest of the source whose money moves, with a max_age of 0 and of 100 ms.
PAPER = b"\x0a\x0dpolysimulator"
FETCH_NOW = PAPER + b"\x12\x02\x0a\x00"
A_TENTH = PAPER + b"\x12\x07\x0a\x05\x10\x80\xc2\xd7\x2f"
# Of the configuration's defaults, and by how much a timer may be late on a machine that others use too.
OPERATION_TIMEOUT_MS = 50
TIMERS_MS = 10
# Longer than A_TENTH, so that what was known before does not serve.
PAUSE_SECONDS = 0.15


def move_money(control_url: str, amount: str) -> None:
    request = urllib.request.Request(f"{control_url}/v1/polysimulator/ledger",
                                     json.dumps({"balance": amount}).encode(), method="PUT")
    urllib.request.urlopen(request, timeout=10).close()


def requests_of_paper(control_url: str) -> int:
    paths = json.loads(http_get(f"{control_url}/v1/polysimulator/counters"))["by_path"]
    return sum(each["requests"] for path, each in paths.items() if "balance" in path)


def measure_hearing(options: argparse.Namespace, cores: list[int],
                    folder: Path) -> tuple[list[Found], list[Chart]]:
    with Servers(folder, {cores[-1]}) as others, Servers(folder, set(cores)) as servers:
        redis = Redis(others, folder)
        env_file = folder / "sandbox.env"
        sandbox = others.start("upstream-sandbox", ["--env-file", env_file, "--move-every", "0"])
        sandbox.wait_for(env_file.exists, "its env file")
        environment = read_assignments(env_file)
        control = environment["SANDBOX_CONTROL_URL"]
        config = write_sandbox_account(folder, environment, fleet_yaml(folder, redis, 2))
        one, other = start_replicas(servers, folder, config, 2)
        asking, missing = Call(one.server, "GetSourceBalance"), Call(other.server, "GetSourceBalance")
        watching = Call(other.server, "WatchAccountSnapshots")
        asking.seconds(FETCH_NOW)
        watching.send(WATCH_ALL)
        watching.wait()
        stores = redis.listen()
        published, missed = [], []
        for turn in range(options.hearings):
            time.sleep(PAUSE_SECONDS)
            for each in (stores, watching.socket):
                drain(each)
            move_money(control, f"{1000 + turn}.5")
            asking.send(FETCH_NOW)
            published.append(time_apart(asking, stores, watching))
        before = requests_of_paper(control)
        for turn in range(options.hearings):
            time.sleep(PAUSE_SECONDS)
            asking.seconds(FETCH_NOW)
            missed.append(missing.seconds(A_TENTH))
        requests = requests_of_paper(control) - before
    missed, published = sorted(1e3 * each for each in missed), sorted(1e3 * each for each in published)
    p50 = {name: statistics.median(each) for name, each in (("published", published), ("missed", missed))}
    print_table([f"{options.hearings} times, ms", "p50", "p90", "most"],
                [[what, f"{statistics.median(each):.2f}", f"{each[len(each) * 9 // 10]:.2f}", f"{each[-1]:.2f}"]
                 for what, each in (("from Redis, where the one stores it, to who watches at the other", published),
                                    ("a read of the other, right after the answer of the one", missed))])
    return [
        Found("a reading fetched by one replica, published by the others", "p50 at most 2 ms",
              f"{p50['published']:.2f} ms after the store, at who watches", p50["published"] <= 2),
        Found("a miss that another replica has just answered", "p50 at most 1 ms, no upstream request",
              f"{p50['missed']:.2f} ms; {requests - options.hearings} requests more than the one's",
              p50["missed"] <= 1 and requests == options.hearings)], []


def drain(connection: socket.socket) -> None:
    """What has come so far is no news."""
    while select.select([connection], [], [], 0)[0]:
        if not connection.recv(65536):
            raise AssertionError("somebody hung up")


def time_apart(asking: Call, stores: socket.socket, watching: Call) -> float:
    """From the store to the message of who watches, once all have come."""
    came = {}
    waiting = {asking.socket: "the answer", stores: "the store", watching.socket: "the message"}
    while waiting:
        some = select.select(list(waiting), [], [], h2.PATIENCE_SECONDS)[0]
        if not some:
            raise AssertionError(f"has not come: {', '.join(waiting.values())}")
        for ready in some:
            came[ready] = time.perf_counter()
            del waiting[ready]
    asking.wait()
    return came[watching.socket] - came[stores]


def write_sandbox_account(folder: Path, environment: dict[str, str], more: str) -> Path:
    secrets = folder / "secrets"
    secrets.mkdir()
    for name in ("POLYMARKET_KEY_ID", "POLYMARKET_SECRET_KEY", "POLYSIM_API_KEY"):
        (secrets / name).touch(mode=0o600)
        (secrets / name).write_text(environment[name])
    path = folder / "sandbox.yaml"
    path.write_text(f"""
listen: 127.0.0.1:0
admin_listen: 127.0.0.1:0
server: {{drain_delay: 0s}}
cache: {{ttl: 86400s, max_stale: 86400s, min_refresh_interval: 0s}}
upstream: {{requests_per_second: 1000, burst: 1000}}
accounts:
- id: desk
  sources:
  - id: polymarket-us
    fund_class: REAL_MONEY
    polymarket_us:
      base_url: {environment["POLYMARKET_BASE_URL"]}
      key_id: {{file: {secrets}/POLYMARKET_KEY_ID}}
      secret_key: {{file: {secrets}/POLYMARKET_SECRET_KEY}}
  - id: polysimulator
    polysimulator:
      base_url: {environment["POLYSIM_BASE_URL"]}
      api_key: {{file: {secrets}/POLYSIM_API_KEY}}
""" + more)
    return path


def measure_frozen(options: argparse.Namespace, cores: list[int],
                   folder: Path) -> tuple[list[Found], list[Chart]]:
    with Servers(folder, {cores[-1]}) as others, Servers(folder, {cores[0]}) as servers:
        redis, upstream = Redis(others, folder), start_upstream(others)
        config = write_accounts(folder, upstream, 1,
                                "{ttl: 86400s, max_stale: 86400s, min_refresh_interval: 0s}",
                                more=fleet_yaml(folder, redis, 1))
        service = start_replicas(servers, folder, config, 1)[0]
        size = len(read_bytes(service.server))
        h2load = H2load({cores[-1]}, size - 50, options.read_seconds)
        rate = h2load.throughput(service.server, READS).rate / 2
        log = folder / "h2load.log"
        p99 = {"answers": [], "is frozen": []}
        missing = Call(service.server, "GetSourceBalance")
        misses = {"answers": [], "is frozen": []}

        def measure(state: str) -> None:
            # The first misses find out; the hits come while nobody knows yet, and then.
            for _ in range(options.misses):
                misses[state].append(1e3 * missing.seconds(FETCH_NOW))
            p99[state].append(h2load.latency(service.server, READS, rate, log).p99)

        for state in in_turns(list(p99), options.rounds):
            if state == "is frozen":
                with redis.frozen():
                    measure(state)
                poll_until(lambda: metric(service, "balance_fleet_connected") == 1, "that Redis is back")
            else:
                measure(state)
    ratio = ratios(p99["is frozen"], p99["answers"])
    print_table([f"Redis {'/'.join(p99)}", f"p99 of hits, ms, at {rate:.0f} req/s", "misses, ms: p50", "most"],
                [[f"Redis {state}", spread(p99[state], 2), f"{statistics.median(misses[state]):.2f}",
                  f"{max(misses[state]):.1f}"] for state in p99])
    # By itself the replica reads at the pace of its reserve: that is no wait for Redis.
    usual = statistics.median(misses["is frozen"])
    waited = max(misses["is frozen"]) - usual
    return [Found("Redis frozen, p99 of hits against before", "unchanged", spread(ratio, 2),
                  statistics.median(ratio) <= 1.1),
            Found("Redis frozen, a miss", "nobody waits longer than 50 ms for it",
                  f"{waited:.1f} ms at most beyond the {usual:.1f} ms that a miss takes meanwhile",
                  waited <= OPERATION_TIMEOUT_MS + TIMERS_MS)], []
