"""Compares cached reads of the service with servers that do nothing, under the same load, in turns.

Prints Markdown. Start it with `./dev bench`; README.md tells how to read it. CTest's variables
BALANCE_SOURCE_DIR and BALANCE_BIN_DIR say where the programs are.
"""

import argparse
import os
import resource
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from h2load import H2load, Latency, Load, Shape
from report import Bar, Chart, in_turns, print_table, ratios, spread, write_charts
from servers import Server, Servers, Service, check_answers_ok, read_bytes

NULL_STYLES = {"callback": "null, callback API", "async": "null, completion queues",
               "core": "null, C API of gRPC's core",
               "transport": "null, the service's transport",
               "mixed": "null, queues and callback health", "sync": "null, synchronous API",
               "fill": "fills a message, callback API"}
# Latency is measured in this shape, at half of the service's throughput in it.
LATENCY_SHAPE = Shape(16, 8)


@dataclass(frozen=True)
class Placement:
    """Which cores the servers and the load generator have."""

    title: str
    server_cores: set[int]
    load_cores: set[int]


def placements() -> list[Placement]:
    cores = sorted(os.sched_getaffinity(0))
    both = Placement(f"Server and load share {len(cores)} cores", set(cores), set(cores))
    if len(cores) < 2:
        return [both]
    return [both, Placement("Server on one core, load on another", {cores[0]}, {cores[1]})]


def measure_throughput(h2load: H2load, servers: list[Server], shape: Shape,
                       rounds: int) -> dict[str, list[Load]]:
    loads = {server.name: [] for server in servers}
    for server in in_turns(servers, rounds):
        load = h2load.throughput(server, shape)
        print(f"{shape}  {server.name}: {load.rate:.0f} req/s", file=sys.stderr)
        loads[server.name].append(load)
    return loads


def print_throughput(loads: dict[Shape, dict[str, list[Load]]], service: str) -> None:
    rows = []
    for shape, of_servers in loads.items():
        service_rates = [load.rate for load in of_servers[service]]
        service_cpu = [load.cpu_microseconds for load in of_servers[service]]
        for name, of_server in of_servers.items():
            rates = [load.rate for load in of_server]
            cpu = [load.cpu_microseconds for load in of_server]
            compared = ["", ""] if name == service else [
                spread(ratios(service_rates, rates), 2), spread(ratios(service_cpu, cpu), 2)]
            rows.append([str(shape), name, spread(rates), compared[0], spread(cpu, 1), compared[1],
                         f"{statistics.median(load.cores for load in of_server):.2f}"])
    print_table(["connections x calls", "server", "req/s", "req/s, service / this", "CPU us/req",
                 "CPU, service / this", "cores used"], rows)


def measure_latency(h2load: H2load, servers: list[Server], rate: float, rounds: int,
                    folder: Path) -> dict[str, list[Latency]]:
    latencies = {server.name: [] for server in servers}
    for server in in_turns(servers, rounds):
        latency = h2load.latency(server, LATENCY_SHAPE, rate, folder / "h2load.log")
        print(f"{rate:.0f} req/s  {server.name}: {latency}", file=sys.stderr)
        latencies[server.name].append(latency)
    return latencies


def print_latency(latencies: dict[str, list[Latency]], service: str, rate: float) -> None:
    service_p99 = [latency.p99 for latency in latencies[service]]
    rows = []
    for name, of_server in latencies.items():
        p99 = [latency.p99 for latency in of_server]
        rows.append([name, spread((latency.p50 for latency in of_server), 2), spread(p99, 2),
                     "" if name == service else spread(ratios(service_p99, p99), 2)])
    print_table([f"at {rate:.0f} req/s, {LATENCY_SHAPE}", "p50 ms", "p99 ms",
                 "p99, service / this"], rows)


class OtherPrograms:
    """How much of the machine others have taken since this was made."""

    def __init__(self, servers: list[Server]):
        self._servers = set(servers)
        self._begin = self._now()

    def cores(self) -> float:
        seconds, ours, busy = (b - a for a, b in zip(self._begin, self._now()))
        return max(0.0, busy - ours) / seconds

    def _now(self) -> tuple[float, float, float]:
        """The time, and the CPU seconds of ours and of all."""
        own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        ours = sum(usage.ru_utime + usage.ru_stime for usage in own)
        ours += sum({server.process_id: server.cpu_seconds() for server in self._servers}.values())
        ticks = list(map(int, Path("/proc/stat").read_text().split(maxsplit=9)[1:9]))
        idle = ticks[3] + ticks[4]
        return time.monotonic(), ours, (sum(ticks) - idle) / os.sysconf("SC_CLK_TCK")


def check_bytes(servers: list[Server], answer: bytes) -> None:
    for server in servers:
        if read_bytes(server) != answer:
            raise AssertionError(f"{server.name} does not answer the bytes of the service")


def throughput_charts(title: str, loads: dict[Shape, dict[str, list[Load]]],
                      service: str) -> list[Chart]:
    """CPU and throughput of each server as multiples of the service's, turn by turn."""
    charts = []
    for what, value in (("req/s", lambda load: load.rate),
                        ("CPU us/req", lambda load: load.cpu_microseconds)):
        groups = {}
        for shape, of_servers in loads.items():
            of_service = [value(load) for load in of_servers[service]]
            groups[str(shape)] = [
                Bar.of(name, ratios([value(load) for load in of_server], of_service))
                for name, of_server in of_servers.items()]
        charts.append(Chart(f"{title}: {what}, service = 1", groups))
    return charts


def measure(placement: Placement, options: argparse.Namespace, folder: Path) -> list[Chart]:
    with Servers(folder, placement.server_cores) as start:
        tls = options.tls
        service: Service = start.start_service("balance-service", callers=True, tls=tls)
        open_service = start.start_service("balance-service, no callers", callers=False, tls=tls)
        others_of_ours = [start.start_service("balance-service, engine GRPC", callers=True,
                                              engine="GRPC", tls=tls)]
        if options.before:
            others_of_ours.append(start.start_service("balance-service, before", callers=True,
                                                      binary=options.before.resolve(), tls=tls))
        answer = service.read_answer()
        # The null servers know no TLS.
        nulls = {style: start.start_null(name, style, answer, service.plain.request_file)
                 for style, name in NULL_STYLES.items() if not tls}
        services = [service, open_service, *others_of_ours]
        for each in services:
            each.read_answer()
        servers = [service.plain, *nulls.values(), service.with_max_age, open_service.plain,
                   *(each.plain for each in others_of_ours)]
        check_bytes([server for style, server in nulls.items() if style != "fill"], answer)
        for server in servers:
            check_answers_ok(server)
        counters = [each.counters() for each in services]

        h2load = H2load(placement.load_cores, len(answer), options.seconds)
        measure_throughput(h2load, servers, LATENCY_SHAPE, 1)  # Warms everything up.
        others = OtherPrograms(servers)
        loads = {shape: measure_throughput(h2load, servers, shape, options.rounds)
                 for shape in options.shapes}
        half = statistics.median(load.rate for load in measure_throughput(
            h2load, [service.plain], LATENCY_SHAPE, 3)[service.plain.name]) / 2
        latencies = measure_latency(h2load, servers, half, options.rounds, folder)
        taken = others.cores()

        for server in servers:
            check_answers_ok(server)
        if (now := [each.counters() for each in services]) != counters:
            raise AssertionError(f"not all were hits: {counters} became {now}")
    print(f"### {placement.title}\n\nThe answer has {len(answer)} bytes. Other programs took "
          f"{taken:.2f} cores meanwhile.\n")
    print_throughput(loads, service.plain.name)
    print_latency(latencies, service.plain.name, half)
    charts = throughput_charts(placement.title, loads, service.plain.name)
    return charts + [Chart(f"{placement.title}: p99 in ms at {half:.0f} req/s", {
        str(LATENCY_SHAPE): [Bar.of(name, [latency.p99 for latency in of_server])
                             for name, of_server in latencies.items()]})]


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9, help="turns of each server (%(default)s)")
    parser.add_argument("--seconds", type=float, default=1, help="of each turn (%(default)s)")
    parser.add_argument("--shapes", type=Shape.parse, nargs="+", metavar="CONNECTIONSxCALLS",
                        default=[Shape(1, 1), Shape(16, 8), Shape(100, 1)],
                        help="connections, and calls at once on each (1x1 16x8 100x1)")
    parser.add_argument("--before", type=Path, metavar="BINARY",
                        help="a balance-service of another build, to be measured beside this one")
    parser.add_argument("--tls", action="store_true",
                        help="TLS 1.3, without the null servers, which know none")
    parser.add_argument("--json", type=Path, metavar="FILE",
                        help="write the results there too, for plot.py")
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    # As Ctrl-C does: the way out stops what was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    charts = []
    for placement in placements():
        with tempfile.TemporaryDirectory() as folder:
            charts += measure(placement, options, Path(folder))
    write_charts(options.json, charts)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
