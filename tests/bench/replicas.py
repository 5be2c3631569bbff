"""Replicas of the service that share their logins, those who read them, and what they are asked."""

import contextlib
import re
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import http2_bytes as h2
from accounts import StartedService, start_service
from h2load import Shape
from harness import http_get, poll_until
from servers import GRPC_HEADERS, Server, Servers

SERVICE = "/balance.v1.BalanceService"
# What every account has.
LOGINS = 2
# Of each replica; each reads once a second.
READERS = Shape(10, 100)
# For what was started before to settle.
SETTLE_SECONDS = 2
# A window that need not be given back.
WIDE = (h2.PREFACE + h2.settings(initial_window=0x7fffffff) +
        h2.frame(h2.WINDOW_UPDATE, 0, 0, (0x7fff0000).to_bytes(4, "big")))
# WatchAccountSnapshotsRequest, silent for a minute.
WATCH_ALL = b"\x3a\x02\x08\x3c"


@dataclass(frozen=True)
class Found:
    """What came out; `is_met` says whether the target was."""

    what: str
    target: str
    measured: str
    is_met: bool


class Call:
    """Calls of one method on a connection of their own, one after the other."""

    def __init__(self, server: Server, method: str):
        self._connection = h2.Connection(server.address, WIDE)
        self._method = f"{SERVICE}/{method}"
        self._stream = -1

    @property
    def socket(self):
        return self._connection.socket

    def send(self, message: bytes) -> None:
        self._stream += 2
        self.socket.sendall(h2.call_headers(self._stream, self._method) +
                            h2.message(self._stream, message))

    def wait(self, messages: int = 1) -> None:
        self._connection.wait_for_data(messages)

    def seconds(self, message: bytes) -> float:
        begin = time.perf_counter()
        self.send(message)
        self.wait()
        return time.perf_counter() - begin


def metric(service: StartedService, series: str) -> float:
    """Summed over the labels, or of one series with its labels as they are written."""
    text = http_get(f"http://{service.admin_address}/metrics")
    return sum(float(value) for value in
               re.findall(rf"^{re.escape(series)}(?:{{.*}})? (\S+)$", text, re.MULTILINE))


def without_redis(service: StartedService) -> float:
    """How many operations the replica could not do because Redis was slow, or held to be away."""
    return sum(metric(service, f'balance_fleet_operations_total{{operation="ACQUIRE",outcome="{outcome}"}}')
               for outcome in ("AWAY", "TIMED_OUT", "LATE"))


def share_fresh(service: StartedService) -> float:
    """The share of sources that are FRESH."""
    text = http_get(f"http://{service.admin_address}/metrics")
    states = {state: 0.0 for state in ("FRESH", "STALE", "NO_DATA")}
    for state, value in re.findall(r'^balance_sources{.*state="(\w+)".*} (\S+)$', text, re.MULTILINE):
        states[state] += float(value)
    return states["FRESH"] / sum(states.values())


def start_replicas(servers: Servers, folder: Path, config: Path, count: int,
                   is_fleet: bool = True) -> list[StartedService]:
    services = [start_service(servers, folder, config, name=f"{'replica' if is_fleet else 'alone'}-{i}")
                for i in range(count)]
    for service in services:
        if is_fleet:
            poll_until(lambda: metric(service, "balance_fleet_connected") == 1, "that Redis is there")
    return services


@contextlib.contextmanager
def readers(services: list[StartedService], seconds: float, cores: list[int]):
    """READERS of each, who read once a second, from before the block until after it."""
    commands = [["taskset", "-c", ",".join(map(str, cores)), "h2load", f"--clients={READERS.connections}",
                 f"--max-concurrent-streams={READERS.streams}", f"--rps={READERS.streams}",
                 f"--duration={round(seconds + 2 * SETTLE_SECONDS)}", *GRPC_HEADERS,
                 f"--data={service.server.request_file}", service.server.url] for service in services]
    with contextlib.ExitStack() as running:
        processes = []
        for command in commands:
            processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            running.callback(processes[-1].wait)
            running.callback(processes[-1].kill)
        time.sleep(SETTLE_SECONDS)
        yield
        for process in processes:
            output, _ = process.communicate(timeout=60)
            done = int(output.split(" done")[0].rpartition(" ")[2])
            if done < 0.9 * READERS.connections * READERS.streams * seconds:
                raise AssertionError(f"only {done} reads:\n{output}")


@contextlib.contextmanager
def watching(services: list[StartedService]):
    """Somebody watches every account at each of them, and so keeps them fresh."""
    def read(stream: Call) -> None:
        with contextlib.suppress(OSError, AssertionError):
            while True:
                stream.wait()

    streams = [Call(service.server, "WatchAccountSnapshots") for service in services]
    threads = [threading.Thread(target=read, args=(stream,)) for stream in streams]
    for stream, thread in zip(streams, threads):
        stream.send(WATCH_ALL)
        stream.socket.settimeout(None)
        thread.start()
    try:
        yield
        if not all(thread.is_alive() for thread in threads):
            raise AssertionError("a watch has ended")
    finally:
        for stream, thread in zip(streams, threads):
            stream.socket.shutdown(socket.SHUT_RDWR)
            thread.join()
