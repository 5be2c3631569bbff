"""What streams of WatchAccountSnapshots cost: a change that goes out to 10,000 of them, beside servers that
do nothing but write; idle streams; watching instead of polling; and reads meanwhile.

Prints Markdown. Start it with `./dev bench watch`; README.md tells how to read it.
"""

import argparse
import contextlib
import itertools
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

import http2_bytes as h2
from accounts import NO_AGING, start_service, start_upstream, write_accounts
from engine import read_all
from h2load import H2load, Shape
from harness import Program
from load import NULL_STYLES
from report import Bar, Chart, in_turns, print_table, ratios, spread, write_charts
from servers import GRPC_HEADERS, METHOD, Server, Servers, Service, write_request

WATCHED_NULLS = ("transport", "core", "callback")
MANY = Shape(100, 100)
CONSUMERS = 1000
POLLS_A_SECOND = 10
# The consumers on connections of their own, or on few.
CONSUMER_SHAPES = (Shape(CONSUMERS, 1), Shape(CONSUMERS // 10, 10))
READS = Shape(16, 8)
RELOAD_ACCOUNTS = 10000
# Long enough for a reload to be over.
RELOAD_SECONDS = 8
# More than are opened, for what is measured is not the limit.
WATCHERS = ", max_watchers: 100000, max_watchers_per_caller: 100000"
# The same of accounts, which a build before may not know.
WATCHED_ACCOUNTS = ", max_watched_accounts: 100000000"
# A GetAccountSnapshotRequest with a max_age of zero.
FETCH_NOW = b"\x12\x02\x0a\x00"
# Of a connection, so that it need not be given back.
WIDE_WINDOW = (h2.PREFACE + h2.settings() +
               h2.frame(h2.WINDOW_UPDATE, 0, 0, (0x7fff0000).to_bytes(4, "big")))
# Messages differ by the digits of their times.
BYTES_APART = 24
# For a server to finish what it does behind its last write.
SETTLE_SECONDS = 0.05


class Watched:
    """A server with many streams, and how a change of it is caused."""

    def __init__(self, server: Server, change, initial: int):
        self.server = server
        self.change = change
        # Messages that a stream begins with.
        self.initial = initial

    @property
    def name(self) -> str:
        return self.server.name


class Watches:
    """Streams that are open until the end of `loads`."""

    def __init__(self, loads: Servers, watched: Watched, shape: Shape, message_file: Path | None = None):
        arguments = ["--port", watched.server.address.rpartition(":")[2],
                     "--connections", str(shape.connections), "--streams", str(shape.streams),
                     "--initial", str(watched.initial)]
        if message_file:
            arguments += ["--message-file", message_file]
        Watches.count = getattr(Watches, "count", 0) + 1
        self.program: Program = loads.start("watch_load", arguments, log=f"watches {Watches.count}")
        self._seen = 1
        self.program.wait_for(lambda: self.program.output().startswith("ready\n"), "its streams")

    def next_round(self) -> dict:
        """What is said of the next change that all streams have had."""
        def lines() -> list[str]:
            return self.program.output().split("\n")[:-1]
        self.program.wait_for(lambda: len(lines()) > self._seen, "a message on each stream")
        self._seen += 1
        return json.loads(lines()[self._seen - 1])


class Change:
    """Money moves at the service's upstream, and somebody reads it anew."""

    def __init__(self, service: Service):
        self._service = service
        self._amounts = itertools.cycle(f"{1000 + number}.5" for number in range(9000))
        self._reader = None
        self._stream = -1

    def __call__(self) -> None:
        body = json.dumps({"balance": next(self._amounts)}).encode()
        request = urllib.request.Request(f"{self._service.control_url}/v1/polysimulator/ledger", body,
                                         method="PUT")
        urllib.request.urlopen(request, timeout=10).close()
        if self._reader is None:
            self._reader = h2.Connection(self._service.plain.address, WIDE_WINDOW)
        self._stream += 2
        self._reader.socket.sendall(h2.call_headers(self._stream, METHOD) +
                                    h2.message(self._stream, FETCH_NOW))
        self._reader.wait_for_data(1)


def watched_service(servers: Servers, name: str, **how) -> Watched:
    service = servers.start_service(name, callers=False, more_of_server=WATCHERS, **how)
    service.read_answer()
    watched = Watched(service.plain, Change(service), 2)
    watched.service = service
    return watched


def watched_null(servers: Servers, style: str, message: bytes) -> Watched:
    server = servers.start_null(NULL_STYLES[style], style, message, Path("/dev/null"))
    return Watched(server, lambda: os.kill(server.process_id, signal.SIGUSR1), 1)


# --- One change, many streams -------------------------------------------------------------------


def measure_fan_out(options: argparse.Namespace, cores: list[int], folder: Path) -> list[Chart]:
    with Servers(folder, {cores[0]}) as servers, Servers(folder, {cores[-1]}) as loads:
        services = [watched_service(servers, "balance-service"),
                    watched_service(servers, "balance-service, engine GRPC", engine="GRPC")]
        if options.before:
            services.append(watched_service(servers, "balance-service, before",
                                            binary=options.before.resolve()))
        service = services[0]
        message_file = folder / "message"
        watches = {service.name: Watches(loads, service, MANY, message_file)}
        nulls = [watched_null(servers, style, message_file.read_bytes()) for style in WATCHED_NULLS]
        for watched in services[1:] + nulls:
            watches[watched.name] = Watches(loads, watched, MANY)
        everybody = services + nulls
        found = {watched.name: [] for watched in everybody}
        for watched in in_turns(everybody, options.rounds):
            found[watched.name].append(one_turn(watched, watches[watched.name],
                                                message_file.stat().st_size, options.changes))
    return report_fan_out(found, service.name)


def one_turn(watched: Watched, watches: Watches, size: int, changes: int) -> dict[str, float]:
    """Medians of some changes, one after the other."""
    found = []
    for _ in range(changes):
        before = watched.server.exact_cpu_seconds()
        watched.change()
        seen = watches.next_round()
        time.sleep(SETTLE_SECONDS)
        seen["cpu_ms"] = 1e3 * (watched.server.exact_cpu_seconds() - before)
        if abs(seen["bytes"] - size) > BYTES_APART:
            raise AssertionError(f"{watched.name} wrote {seen['bytes']} bytes, not {size}")
        found.append(seen)
    turn = {key: statistics.median(seen[key] for seen in found) for key in found[0]}
    print(f"{watched.name}: {turn}", file=sys.stderr)
    return turn


def report_fan_out(found: dict[str, list[dict]], service: str) -> list[Chart]:
    of_service = [turn["cpu_ms"] for turn in found[service]]
    streams = MANY.connections * MANY.streams
    rows, bars = [], []
    for name, turns in found.items():
        cpu = [turn["cpu_ms"] for turn in turns]
        received = [turn["since_received_ms"] for turn in turns if name.startswith("balance-service")]
        rows.append([name, spread((turn["first_to_last_ms"] for turn in turns), 1),
                     spread(received, 1) if received else "", spread(cpu, 1),
                     f"{1e3 * statistics.median(cpu) / streams:.1f}",
                     "" if name == service else spread(ratios(of_service, cpu), 2)])
        bars.append(Bar.of(name, ratios(cpu, of_service)))
    print_table([f"a change to {streams:,} streams on {MANY.connections} connections",
                 "first to last byte, ms", "upstream's answer to last byte, ms", "server CPU, ms",
                 "us / stream", "CPU, service / this"], rows)
    return [Chart(f"CPU of a change to {streams:,} streams, as multiples of the service's", {"": bars})]


# --- Idle streams -------------------------------------------------------------------------------


def measure_idle(options: argparse.Namespace, cores: list[int], folder: Path) -> list[Chart]:
    rows = []
    for name, how in (("balance-service", {}), ("balance-service, engine GRPC", {"engine": "GRPC"})):
        with Servers(folder, {cores[0]}) as servers, Servers(folder, {cores[-1]}) as loads:
            watched = watched_service(servers, f"{name}, idle", **how)
            resident = [watched.server.resident_kib()]
            for shape in (Shape(MANY.connections, 1), MANY):
                Watches(loads, watched, shape)
                time.sleep(1)
                resident.append(watched.server.resident_kib())
        first, all_streams = (after - before for before, after in itertools.pairwise(resident))
        streams = MANY.connections * MANY.streams
        further = (all_streams - first) / (streams - MANY.connections)
        rows.append([name, f"{first / MANY.connections:.1f}", f"{further:.2f}",
                     f"{all_streams / 1024:.1f}"])
    print_table(["memory", "a connection with a watch, KiB", "each further idle watch, KiB",
                 f"{MANY.connections * MANY.streams:,} watches with their {MANY.connections} connections,"
                 " MiB"], rows)
    return []


# --- Watching instead of polling ----------------------------------------------------------------


@contextlib.contextmanager
def changing(change, every: float):
    """Changes on a thread, until the end of the block."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(every):
            change()
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def cpu_share(server: Server, seconds: float) -> float:
    """Cores that the server takes, by its CPU time."""
    before, begin = server.exact_cpu_seconds(), time.monotonic()
    time.sleep(seconds)
    return (server.exact_cpu_seconds() - before) / (time.monotonic() - begin)


@contextlib.contextmanager
def polling(server: Server, shape: Shape, seconds: float, cores: set[int]):
    """Consumers who poll at their rate, all connected when the block begins."""
    rate = POLLS_A_SECOND * CONSUMERS / shape.connections
    process = subprocess.Popen(
        ["taskset", "-c", ",".join(map(str, sorted(cores))), "h2load", f"--clients={shape.connections}",
         f"--max-concurrent-streams={shape.streams}", f"--rps={rate:g}",
         f"--duration={round(seconds + 3)}", *GRPC_HEADERS, f"--data={server.request_file}", server.url],
        stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(2)
        yield
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    done = int(output.split(" done")[0].rpartition(" ")[2])
    if process.returncode != 0 or done < 0.9 * POLLS_A_SECOND * CONSUMERS * seconds:
        raise AssertionError(f"only {done} polls:\n{output}")


def measure_polling(options: argparse.Namespace, cores: list[int], folder: Path) -> list[Chart]:
    rows, groups = [], {}
    for shape in CONSUMER_SHAPES:
        with Servers(folder, {cores[0]}) as servers:
            watched = watched_service(servers, f"balance-service, {shape}")
            polled, streamed = [], []

            def poll() -> None:
                with polling(watched.server, shape, options.seconds, {cores[-1]}):
                    with changing(watched.change, 1):
                        polled.append(cpu_share(watched.server, options.seconds))

            def watch() -> None:
                with Servers(folder, {cores[-1]}) as loads:
                    Watches(loads, watched, shape)
                    with changing(watched.change, 1):
                        streamed.append(cpu_share(watched.server, options.seconds))

            for measure in in_turns([poll, watch], options.rounds):
                measure()
        rows.append([str(shape), spread((1e3 * share for share in polled), 1),
                     spread((1e3 * share for share in streamed), 1), spread(ratios(streamed, polled), 3)])
        groups[str(shape)] = [Bar.of("polling", [1e3 * share for share in polled]),
                              Bar.of("watching", [1e3 * share for share in streamed])]
    print_table([f"{CONSUMERS:,} consumers of an account that changes once a second, connections x each",
                 f"polling {POLLS_A_SECOND} times a second, ms CPU / s", "watching, ms CPU / s",
                 "watching / polling"], rows)
    return [Chart(f"CPU of {CONSUMERS:,} consumers, ms a second", groups)]


# --- Reads meanwhile ----------------------------------------------------------------------------


def measure_reads(options: argparse.Namespace, cores: list[int], folder: Path) -> list[Chart]:
    rates = {"quiet": [], "changing": []}
    with Servers(folder, {cores[0]}) as servers, Servers(folder, {cores[-1]}) as loads:
        watched = watched_service(servers, "balance-service, read")
        answer = watched.service.read_answer()
        Watches(loads, watched, MANY)
        h2load = H2load({cores[-1]}, len(answer) - BYTES_APART, options.seconds)
        for kind in in_turns(list(rates), options.rounds):
            with changing(watched.change, 1) if kind == "changing" else contextlib.nullcontext():
                rates[kind].append(h2load.throughput(watched.server, READS).rate)
    streams = MANY.connections * MANY.streams
    print_table([f"cached reads, {READS}, with {streams:,} watches", "reads / s", "to the quiet ones"],
                [["nothing changes", spread(rates["quiet"]), ""],
                 ["a change a second goes out to all", spread(rates["changing"]),
                  spread(ratios(rates["changing"], rates["quiet"]), 2)]])
    return []


# --- A reload -----------------------------------------------------------------------------------


def longest_wait(service: Server, cores: list[int], log: Path, reload) -> float:
    """Of reads, one after the other, in ms, while `reload` is called."""
    log.unlink(missing_ok=True)
    with subprocess.Popen(["taskset", "-c", ",".join(map(str, cores)), "h2load", "--clients=1", "--rps=500",
                           f"--duration={RELOAD_SECONDS}", f"--log-file={log}", *GRPC_HEADERS,
                           f"--data={service.request_file}", service.url],
                          stdout=subprocess.DEVNULL) as reads:
        time.sleep(1)
        reload()
        reads.wait()
    return max(int(line.split("\t")[2]) for line in log.read_text().splitlines()) / 1000


def measure_reload(options: argparse.Namespace, cores: list[int], folder: Path) -> list[Chart]:
    """Of one account more, beside streams of all accounts."""
    rows = []
    for name, binary in (("balance-service", None), ("balance-service, before", options.before)):
        if name.endswith("before") and not binary:
            continue
        with Servers(folder, set(cores)) as servers, Servers(folder, set(cores)) as loads:
            upstream = start_upstream(servers)
            limits = "" if binary else WATCHED_ACCOUNTS
            config = write_accounts(folder, upstream, RELOAD_ACCOUNTS, NO_AGING, limits)
            service = start_service(servers, folder, config, binary).server
            read_all(service.address)
            service = replace(service, request_file=write_request(
                folder / "one", b"\x0a\x0faccounts/desk-7"))
            accounts = itertools.count(RELOAD_ACCOUNTS + 1)

            def reload() -> None:
                write_accounts(folder, upstream, next(accounts), NO_AGING, limits)
                os.kill(service.process_id, signal.SIGHUP)
            waits = [[longest_wait(service, cores, folder / "log", reload) for _ in range(3)]]
            shape = Shape(10, options.reload_streams // 10)
            begun = RELOAD_ACCOUNTS + 3
            Watches(loads, Watched(service, reload, begun + 1), shape)
            waits.append([longest_wait(service, cores, folder / "log", reload) for _ in range(3)])
            rows.append([name, *(spread(each, 1) for each in waits),
                         f"{service.resident_kib() / 1024:.0f}"])
    print_table([f"longest wait of a read while {RELOAD_ACCOUNTS:,} accounts are reloaded, ms",
                 "no streams", f"{options.reload_streams} streams of all accounts", "resident, MiB"], rows)
    return []


PARTS = {"fan-out": ("One change, many streams", measure_fan_out),
         "idle": ("Idle watches", measure_idle),
         "polling": ("Watching instead of polling", measure_polling),
         "reads": ("Reads meanwhile", measure_reads),
         "reload": ("A reload beside streams of all accounts", measure_reload)}


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="turns of each (%(default)s)")
    parser.add_argument("--seconds", type=float, default=3, help="of each turn (%(default)s)")
    parser.add_argument("--changes", type=int, default=5, help="of each turn (%(default)s)")
    parser.add_argument("--reload-streams", type=int, default=100,
                        help="streams of all accounts at a reload (%(default)s)")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--before", type=Path, metavar="BINARY",
                        help="a balance-service of another build, to be measured beside this one")
    parser.add_argument("--json", type=Path, help="where to leave what the plot shows")
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    # As Ctrl-C does: the way out stops what was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    charts = []
    for part in options.parts:
        title, measure = PARTS[part]
        print(f"### {title}\n")
        with tempfile.TemporaryDirectory() as folder:
            charts += measure(options, cores, Path(folder))
    write_charts(options.json, charts)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
