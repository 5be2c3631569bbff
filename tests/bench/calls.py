"""What calls cost beyond a cached read: misses, first reads of many accounts, many misses of one
account at once, batches and lists.

Prints Markdown. Start it with `./dev bench calls`; README.md tells how to read it.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from accounts import NO_AGING, start_service, start_upstream, write_accounts
from engine import read_all
from harness import BIN_DIR
from h2load import H2load, Shape, http_ping_pong
from report import print_table, spread
from servers import Server, Servers, read_bytes, write_request

# A GetAccountSnapshotRequest with a max_age of zero.
FETCH_NOW = b"\x12\x02\x0a\x00"
SERVICE = "/balance.v1.BalanceService"
# Of the venues; the slower one decides.
SLOWER_MS, FASTER_MS = 20, 5
# Long enough for all calls of a burst to arrive.
BURST_DELAY_MS = 1000
BURST = Shape(10, 100)


def field(number: int, content: bytes) -> bytes:
    """A length-delimited field of a message, its content shorter than 128 bytes."""
    return bytes([number << 3 | 2, len(content)]) + content


def varint_field(number: int, value: int) -> bytes:
    encoded = bytearray([number << 3])
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def measure_misses(options: argparse.Namespace, cores: list[int], folder: Path) -> None:
    with Servers(folder, {cores[-1]}) as upstreams, Servers(folder, {cores[0]}) as services:
        upstream = start_upstream(upstreams, SLOWER_MS, FASTER_MS)
        config = write_accounts(folder, upstream, 1, "{min_refresh_interval: 0s}")
        service = start_service(services, folder, config).server
        miss = replace(service, request_file=write_request(folder / "miss", FETCH_NOW))
        answer_size = len(read_bytes(miss))
        h2load = H2load({cores[-1]}, answer_size, options.seconds)
        log = folder / "h2load.log"
        direct, misses, cpu = [], [], []

        def measure_direct() -> None:
            direct.append(http_ping_pong(upstream.polymarket_url + "/v1/account/balances",
                                         {cores[0]}, options.seconds, log).p50)

        def measure_miss() -> None:
            before = service.exact_cpu_seconds()
            misses.append(h2load.ping_pong(miss, log).p50)
            calls = log.read_text().count("\n")
            cpu.append(1e6 * (service.exact_cpu_seconds() - before) / calls)

        for turn in range(options.rounds):
            pair = [measure_direct, measure_miss]
            for measure in pair if turn % 2 == 0 else reversed(pair):
                measure()
    over = [miss - alone for miss, alone in zip(misses, direct)]
    print_table(["p50, ms", "", "median (least - greatest) of the turns"],
                [["the slower upstream, asked directly", f"waits {SLOWER_MS}", spread(direct, 2)],
                 ["a miss of both sources", f"the other waits {FASTER_MS}", spread(misses, 2)],
                 ["a miss over the slower upstream", "", spread(over, 2)]])
    print_table(["CPU of all threads of the service", "us"], [["a miss", spread(cpu)]])


def measure_first_reads(options: argparse.Namespace, cores: list[int], folder: Path) -> None:
    """A service that has just started, in each round; its callers have 64 calls under way."""
    cpu, seconds = [], []
    with Servers(folder, set(cores)) as upstreams:
        upstream = start_upstream(upstreams)
        config = write_accounts(folder, upstream, options.first_reads, NO_AGING)
        for _ in range(options.rounds):
            with Servers(folder, set(cores)) as services:
                service = start_service(services, folder, config).server
                before = service.exact_cpu_seconds()
                took = subprocess.run(
                    [BIN_DIR / "read_each", "--server", service.address,
                     f"--accounts={options.first_reads}"],
                    check=True, text=True, capture_output=True, timeout=300).stdout
                cpu.append(1e6 * (service.exact_cpu_seconds() - before) / options.first_reads)
                seconds.append(float(took))
    print_table([f"{options.first_reads:,} accounts read for the first time, 64 calls at once",
                 "CPU of all threads of the service, us / account", "s in all"],
                [["both sources, each account its own logins", spread(cpu), spread(seconds, 2)]])


def measure_coalescing(options: argparse.Namespace, cores: list[int], folder: Path) -> None:
    """Each round asks for an account that was never read."""
    calls = BURST.connections * BURST.streams
    with Servers(folder, set(cores)) as servers:
        upstream = start_upstream(servers, BURST_DELAY_MS, BURST_DELAY_MS)
        config = write_accounts(folder, upstream, options.rounds, NO_AGING)
        service = start_service(servers, folder, config).server
        rows = []
        # Nothing is known of the size of an answer yet, but that errors are short.
        h2load = H2load(set(cores), 1000, 0)
        for number in range(options.rounds):
            name = field(1, f"accounts/desk-{number}".encode())
            cold = replace(service, request_file=write_request(folder / "cold", name))
            before = upstream.requests()
            answered = h2load.burst(cold, BURST)
            asked = [after - now for after, now in zip(upstream.requests(), before)]
            rows.append([str(answered), *map(str, asked)])
            if answered != calls or asked != [1, 1]:
                raise AssertionError(f"{answered} of {calls} answered, {asked} requests")
    print_table(["misses of one account at once", "requests at the one upstream", "at the other"],
                rows)


def call_requests(folder: Path, service: Server) -> dict[str, tuple[Server, int]]:
    """What is asked, and how many snapshots it answers with."""
    names = b"".join(field(1, f"accounts/desk-{number}".encode()) for number in range(100))
    page = varint_field(1, 1000)
    requests = [
        ("Get, one account", "GetAccountSnapshot", field(1, b"accounts/desk-7"), 1),
        ("Batch of 100", "BatchGetAccountSnapshots", names, 100),
        ("List of 1,000, BASIC", "ListAccountSnapshots", page, 1000),
        ("List of 1,000, FULL", "ListAccountSnapshots", page + varint_field(6, 2), 1000)]
    return {title: (Server(title, service.process_id, service.address,
                           write_request(folder / f"request-{title}", message),
                           f"{SERVICE}/{method}"), snapshots)
            for title, method, message, snapshots in requests}


def measure_many(options: argparse.Namespace, cores: list[int], folder: Path) -> None:
    with Servers(folder, set(cores)) as servers:
        upstream = start_upstream(servers)
        config = write_accounts(folder, upstream, 1000, NO_AGING)
        service = start_service(servers, folder, config).server
        read_all(service.address)
        rows = []
        for title, (server, snapshots) in call_requests(folder, service).items():
            size = len(read_bytes(server))
            h2load = H2load(set(cores), size, options.seconds)
            loads = [h2load.throughput(server, Shape(4, 1)) for _ in range(options.rounds)]
            cpu = [load.cpu_microseconds for load in loads]
            rows.append([title, f"{size:,}", spread(load.rate for load in loads),
                         spread(cpu), f"{statistics.median(cpu) / snapshots:.1f}"])
    print_table(["4 connections, 1 call each", "bytes", "calls / s", "CPU us / call",
                 "CPU us / snapshot"], rows)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (%(default)s)")
    parser.add_argument("--seconds", type=float, default=3, help="of each turn (%(default)s)")
    parser.add_argument("--first-reads", type=int, default=10000,
                        help="accounts that are read for the first time (%(default)s)")
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    # As Ctrl-C does: the way out stops what was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    cores = sorted(os.sched_getaffinity(0))
    for title, measure in (("Misses", measure_misses), ("First reads", measure_first_reads),
                           ("Misses at once", measure_coalescing),
                           ("Batches and lists", measure_many)):
        print(f"### {title}\n")
        with tempfile.TemporaryDirectory() as folder:
            measure(options, cores, Path(folder))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
