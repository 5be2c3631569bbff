"""Drives a server with h2load for a while, and reads what h2load says about it."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from servers import GRPC_HEADERS, Server


@dataclass(frozen=True)
class Shape:
    """Connections, and the calls that are under way on each at once."""

    connections: int
    streams: int

    def __str__(self) -> str:
        return f"{self.connections} x {self.streams}"

    @classmethod
    def parse(cls, text: str) -> "Shape":
        connections, streams = map(int, text.split("x"))
        return cls(connections, streams)


@dataclass(frozen=True)
class Load:
    """What one run of h2load found."""

    rate: float
    cpu_microseconds: float
    cores: float


@dataclass(frozen=True)
class Latency:
    """In milliseconds."""

    p50: float
    p99: float


def read_latency(log: Path) -> Latency:
    """Of the calls in a log of h2load's."""
    times = sorted(int(line.split("\t")[2]) for line in log.read_text().splitlines())
    return Latency(*(times[int(len(times) * share)] / 1000 for share in (0.50, 0.99)))


class H2load:
    """`answer_size` is that of the message: smaller answers, such as errors, are refused."""

    def __init__(self, cores: set[int], answer_size: int, seconds: float):
        self._prefix = ["taskset", "-c", ",".join(map(str, sorted(cores)))]
        self._answer_size = answer_size
        self._seconds = seconds

    def throughput(self, server: Server, shape: Shape) -> Load:
        """As many calls as it can."""
        before = server.cpu_seconds()
        done, rate = self._run(server, shape, [])
        cpu = server.cpu_seconds() - before
        return Load(rate, 1e6 * cpu / done, cpu / done * rate)

    def latency(self, server: Server, shape: Shape, rate: float, log: Path) -> Latency:
        """At `rate` calls a second, spread over the connections."""
        log.unlink(missing_ok=True)
        self._run(server, shape, [f"--rps={rate / shape.connections:.1f}", f"--log-file={log}"])
        return read_latency(log)

    def ping_pong(self, server: Server, log: Path) -> Latency:
        """One call after the other."""
        log.unlink(missing_ok=True)
        self._run(server, Shape(1, 1), [f"--log-file={log}"])
        return read_latency(log)

    def burst(self, server: Server, shape: Shape) -> int:
        """As many calls as the shape has at once, and no more; how many were answered."""
        return self._run(server, shape,
                         [f"--requests={shape.connections * shape.streams}"])[0]

    def _run(self, server: Server, shape: Shape, flags: list[str]) -> tuple[int, float]:
        """Calls done, and calls a second."""
        if not any(flag.startswith("--requests") for flag in flags):
            flags = [f"--duration={round(self._seconds * 1000)}ms", *flags]
        output = subprocess.run(
            [*self._prefix, "h2load", f"--clients={shape.connections}",
             f"--max-concurrent-streams={shape.streams}", *flags, *GRPC_HEADERS,
             f"--data={server.request_file}", server.url],
            check=True, text=True, capture_output=True, timeout=60 + self._seconds).stdout
        rate = float(re.search(r"finished in \S+ (\S+) req/s", output).group(1))
        done, succeeded, failed, errored, timed_out = map(int, re.search(
            r"requests: .* (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout",
            output).groups())
        good = int(re.search(r"status codes: (\d+) 2xx", output).group(1))
        received = int(re.search(r"traffic: \S+ \((\d+)\) total", output).group(1))
        if not (done == succeeded == good > 0 == failed == errored == timed_out
                and received >= done * self._answer_size):
            raise AssertionError(f"{server.name} did not answer every call well:\n{output}")
        return done, rate


def http_ping_pong(url: str, cores: set[int], seconds: float, log: Path) -> Latency:
    """One HTTP/1.1 GET after the other on one connection."""
    log.unlink(missing_ok=True)
    subprocess.run(["taskset", "-c", ",".join(map(str, sorted(cores))), "h2load", "--h1",
                    f"--duration={round(seconds * 1000)}ms", "--clients=1", f"--log-file={log}",
                    url], check=True, capture_output=True, timeout=60 + seconds)
    return read_latency(log)
