"""What callers' connections cost: the process at rest, idle connections and streams, and what abuse costs in
memory and costs others in time.

Prints Markdown. Start it with `./dev bench connections`; README.md tells how to read it.
"""

import argparse
import multiprocessing
import os
import resource
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

import http2_bytes as h2
from h2load import H2load, Shape
from report import print_table, spread
from servers import METHOD, TOKEN, Server, Servers, Service

WATCH = "/grpc.health.v1.Health/Watch"
AUTHORIZATION = [("authorization", f"Bearer {TOKEN}")]
CONNECTIONS = 1000
# Below the limit of streams on a connection.
STREAMS = 100
CONNECTIONS_WITH_STREAMS = 100
ATTACKERS = 24
# Of those who behave, during an attack.
OTHERS = Shape(4, 1)
OTHERS_RATE = 2000
FLOOD_BYTES = 1 << 20
NO_WINDOW = h2.PREFACE + h2.settings(initial_window=0)
WIDE_WINDOW = (h2.PREFACE + h2.settings(initial_window=0x7fffffff) +
               h2.frame(h2.WINDOW_UPDATE, 0, 0, (0x7fff0000).to_bytes(4, "big")))
HELLO = h2.PREFACE + h2.settings()


def whole_call(stream: int) -> bytes:
    return (h2.call_headers(stream, METHOD, AUTHORIZATION) + h2.message(stream, b""))


def calls(make) -> bytes:
    """As many calls, each on its own stream, as make a flood."""
    flood, stream = bytearray(), 1
    while len(flood) < FLOOD_BYTES:
        flood += make(stream)
        stream += 2
    return bytes(flood)


def reset_at_once(stream: int) -> bytes:
    return whole_call(stream) + h2.frame(h2.RST_STREAM, 0, stream, (8).to_bytes(4, "big"))


def unfinished(stream: int) -> bytes:
    prefix = b"\0" + (60000).to_bytes(4, "big")
    return (h2.call_headers(stream, METHOD, AUTHORIZATION) +
            h2.frame(h2.DATA, 0, stream, prefix + bytes(900)))


def repeated(begin: bytes, again: bytes) -> bytes:
    return begin + again * ((FLOOD_BYTES - len(begin)) // len(again))


def floods() -> dict[str, tuple[bytes, bytes, bool]]:
    """By name: the hello, what follows it, and whether the answers are read."""
    more_headers = h2.frame(h2.CONTINUATION, 0, 1, h2.header_block([("x-more", "x" * 1000)]))
    return {
        "calls reset at once": (HELLO, calls(reset_at_once), True),
        "a header block without end": (HELLO, repeated(
            h2.call_headers(1, METHOD, AUTHORIZATION, flags=0), more_headers), True),
        "answers that nobody reads": (WIDE_WINDOW, calls(whole_call), False),
        "unfinished bodies": (HELLO, calls(unfinished), True),
        "PING": (HELLO, repeated(b"", h2.frame(h2.PING, 0, 0, b"12345678")), True),
        "SETTINGS": (HELLO, repeated(b"", h2.settings()), True),
        "a window of zero": (NO_WINDOW, calls(whole_call), True),
    }


def attack(address: str, name: str, seconds: float) -> None:
    """In a process of its own that takes only what nobody else wants of its core."""
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    hello, bytes_after, reads = floods()[name]
    flood = h2.Flood(address, hello, bytes_after, ATTACKERS, reads)
    flood.run(seconds)
    flood.close()


def be_silent(address: str, seconds: float) -> None:
    silent = [h2.Connection(address, b"") for _ in range(CONNECTIONS)]
    time.sleep(seconds)
    del silent


def open_watches(server: Server, connections: int, streams: int) -> list[h2.Connection]:
    """Health watches that have their first answer."""
    opened = []
    for _ in range(connections):
        peer = h2.Connection(server.address, tls=server.ca_file is not None)
        for number in range(streams):
            stream = 2 * number + 1
            peer.socket.sendall(h2.call_headers(stream, WATCH, AUTHORIZATION) +
                                h2.message(stream, b""))
        peer.wait_for_data(streams)
        opened.append(peer)
    return opened


def measure_idle(start: Servers, services: dict[str, dict]) -> None:
    rows = []
    for name, how in services.items():
        service: Service = start.start_service(name, callers=True, **how)
        rest = service.plain.resident_kib()
        service.read_answer()
        read = service.plain.resident_kib()
        connected = open_watches(service.plain, CONNECTIONS, 1)
        with_connections = service.plain.resident_kib()
        streaming = open_watches(service.plain, CONNECTIONS_WITH_STREAMS, STREAMS)
        streams = CONNECTIONS_WITH_STREAMS * STREAMS
        each = (with_connections - read) / CONNECTIONS
        further = (service.plain.resident_kib() - with_connections -
                   each * CONNECTIONS_WITH_STREAMS) / streams
        rows.append([name, f"{rest / 1024:.1f}", f"{read / 1024:.1f}", f"{each:.1f}",
                     f"{further:.2f}"])
        del connected, streaming
    print_table(["", "resident at rest, MiB", "after a read", "a connection with an idle stream, KiB",
                 "each further idle stream, KiB"], rows)


def measure_abuse(start: Servers, load_cores: set[int], options: argparse.Namespace,
                  folder: Path) -> None:
    service: Service = start.start_service("balance-service, attacked", callers=True)
    h2load = H2load(load_cores, len(service.read_answer()), options.seconds)
    log = folder / "h2load.log"
    attacks = {name: (attack, (name,)) for name in floods()}
    attacks[f"{CONNECTIONS} silent connections"] = (be_silent, ())
    rows = []
    for name, (target, arguments) in attacks.items():
        alone = [h2load.latency(service.plain, OTHERS, OTHERS_RATE, log).p99
                 for _ in range(options.rounds)]
        rest = service.plain.resident_kib()
        most, beside = 0, []
        attacker = multiprocessing.Process(
            target=target, args=(service.plain.address, *arguments,
                                 (options.rounds + 1) * options.seconds + 1))
        attacker.start()
        time.sleep(1)
        for _ in range(options.rounds):
            beside.append(h2load.latency(service.plain, OTHERS, OTHERS_RATE, log).p99)
            most = max(most, service.plain.resident_kib() - rest)
        attacker.kill()
        attacker.join()
        rows.append([name, f"{most / 1024:.1f}", spread(alone, 2), spread(beside, 2),
                     f"{statistics.median(beside) / statistics.median(alone):.1f}"])
    print_table([f"{ATTACKERS} connections of", "above rest, MiB", "p99 of others without, ms",
                 "with, ms", "with / without"], rows)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="turns of each (%(default)s)")
    parser.add_argument("--seconds", type=float, default=1, help="of each turn (%(default)s)")
    parser.add_argument("--before", type=Path, metavar="BINARY",
                        help="a balance-service of another build, to be measured beside this one")
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    # As Ctrl-C does: the way out stops what was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    services = {"balance-service": {}, "balance-service, TLS": {"tls": True},
                "balance-service, engine GRPC": {"engine": "GRPC"}}
    if options.before:
        services["balance-service, before"] = {"binary": options.before.resolve()}
    with tempfile.TemporaryDirectory() as name:
        with Servers(Path(name), {cores[0]}) as start:
            measure_idle(start, services)
        with tempfile.TemporaryDirectory() as attacked:
            with Servers(Path(attacked), {cores[0]}) as start:
                measure_abuse(start, {cores[-1]}, options, Path(attacked))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
