"""A client of another library (grpcio, grpcio-aio, grpc-js, grpc-go or tonic, its name is the argument)
follows a stream through restarts of the server. It calls again, is told the whole state, and folding
what it is told, as README.md says, never goes back and ends with the last state."""

import base64
import json
import socket
import sys
import unittest

import external_tools

external_tools.use_fetched_python()

from generated_stubs import messages
from harness import BIN_DIR, SOURCE_DIR, Program, SandboxTest, clean_environment

CLIENTS = SOURCE_DIR / "tests/conformance/watch_clients"
RESTARTS = 3
LIBRARY = sys.argv[1]
# Where each client finds its packages, or what it was built into.
TOOL = external_tools.require({"grpcio": "python", "grpcio-aio": "python", "grpc-js": "age_clients",
                               "grpc-go": "go_watcher", "tonic": "tonic"}[LIBRARY])


def free_port() -> int:
    """Of an address on loopback that nobody else uses, so that it stays free between two starts."""
    with socket.socket() as probe:
        probe.bind(("127.0.49.1", 0))
        return probe.getsockname()[1]


def instant(time) -> int:
    return time.seconds * 1_000_000_000 + time.nanos


class Fold:
    """What a client knows, of each source the newer observe time, and what was wrong with it."""

    def __init__(self):
        self.cash = {}
        self.observed = {}
        self.wrong = []
        self.streams = 0
        # Streams that told their whole initial state.
        self.begun = 0
        self.begin_stream()

    def begin_stream(self) -> None:
        self._revision = None
        self._told = {}
        self._has_heartbeat = False

    def end_stream(self, code: str) -> None:
        if self._revision is not None and code != "UNAVAILABLE":
            self.wrong.append(f"a stream ended with {code}")
        self.streams += 1
        self.begin_stream()

    def take(self, message: messages.WatchAccountSnapshotsResponse) -> None:
        for source in message.snapshot.sources:
            if source.HasField("freshness"):
                cash = source.balance_set.balances[0].cash.value
                self._take(source.name, source.freshness.observe_time, cash)
        if message.HasField("snapshot"):
            self._judge_revision(message)
        for source in message.heartbeat.sources:
            self._take(source.name, source.observe_time, self._told[source.name][1])
        if message.HasField("heartbeat") and not self._has_heartbeat:
            self._has_heartbeat = True
            self.begun += 1

    def _judge_revision(self, message: messages.WatchAccountSnapshotsResponse) -> None:
        revision = message.snapshot.revision
        if self._revision is not None and (
                revision.epoch != self._revision.epoch
                or revision.number != self._revision.number + 1 + message.skipped):
            self.wrong.append(f"{revision} does not follow {self._revision}")
        self._revision = revision

    def _take(self, source: str, time, cash: str) -> None:
        now = instant(time)
        if now < self._told.get(source, (0, ""))[0]:
            self.wrong.append(f"{source} went back on one stream")
        self._told[source] = (now, cash)
        if now >= self.observed.get(source, 0):
            self.observed[source], self.cash[source] = now, cash


class WatchClientTest(SandboxTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.address = f"127.0.49.1:{free_port()}"

    def start_service(self) -> Program:
        ports = self.folder / "ports"
        ports.unlink(missing_ok=True)
        config = self.folder / "config.yaml"
        config.write_text(f"""
listen: {self.address}
admin_listen: 127.0.0.1:0
server: {{drain_delay: 0.5s}}
cache: {{ttl: 0.5s, min_refresh_interval: 0.05s}}
accounts:
- id: desk-1
  sources:
  - id: polysimulator
    polysimulator:
      base_url: {self.sandbox.environment["POLYSIM_BASE_URL"]}
      api_key: {{env: POLYSIM_API_KEY}}
""")
        program = Program([BIN_DIR / "balance-service", "--config", config, "--ports-file", ports],
                          self.folder / "service.log",
                          clean_environment() | self.sandbox.environment)
        self.addCleanup(program.kill)
        program.wait_for(ports.exists, "the service's ports file")
        return program

    def start_client(self) -> Program:
        request = messages.WatchAccountSnapshotsRequest()
        request.heartbeat_interval.FromMilliseconds(500)
        environment = clean_environment() | {
            "ADDRESS": self.address, "LIBRARY": LIBRARY,
            "REQUEST": base64.b64encode(request.SerializeToString()).decode(),
            "SERVICE_CONFIG": (SOURCE_DIR / "clients/service_config.json").read_text()}
        client = Program(self.command(), self.folder / "client.log", environment)
        self.addCleanup(client.kill)
        return client

    def command(self) -> list:
        if LIBRARY.startswith("grpcio"):
            return [sys.executable, CLIENTS / "watch.py"]
        if LIBRARY == "grpc-js":
            # A program in this folder finds the packages beside it.
            program = self.folder / "watch.mjs"
            program.write_text((CLIENTS / "watch.mjs").read_text())
            (self.folder / "node_modules").symlink_to(TOOL / "node_modules")
            return ["node", program]
        return [TOOL / "watch"]

    def fold(self, client: Program) -> Fold:
        fold = Fold()
        for line in client.output().split("\n")[:-1]:
            said = json.loads(line)
            if "end" in said:
                fold.end_stream(said["end"])
                continue
            before = dict(fold.observed)
            message = messages.WatchAccountSnapshotsResponse()
            message.ParseFromString(base64.b64decode(said["message"]))
            fold.take(message)
            for source, time in before.items():
                self.assertGreaterEqual(fold.observed[source], time)
        return fold

    def set_cash_and_await_it(self, client: Program, cash: str, begun: int) -> None:
        self.sandbox.control("PUT", "/v1/polysimulator/ledger", {"balance": cash})

        def is_told() -> bool:
            fold = self.fold(client)
            return fold.begun >= begun and cash in fold.cash.values()
        client.wait_for(is_told, f"{cash} on stream {begun}")

    def test_follows_through_restarts(self):
        service = self.start_service()
        client = self.start_client()
        self.set_cash_and_await_it(client, "100.25", 1)
        for restart in range(1, RESTARTS + 1):
            service.stop()
            service = self.start_service()
            self.set_cash_and_await_it(client, f"{100 + restart}.25", 1 + restart)
        fold = self.fold(client)
        client.stop()
        service.stop()

        self.assertEqual(fold.wrong, [])
        self.assertGreaterEqual(fold.streams, RESTARTS)
        print(f"{LIBRARY}: {fold.streams + 1} streams, {fold.begun} of them begun")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
