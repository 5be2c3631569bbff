"""Programs with other people's gRPC libraries call the service as docs/calling.md tells them to.

All run at once, each over several connections that end by their age, and no call fails; what each
library does by itself is asked of two peers. calling/README.md says how such a program is written.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import unittest
from pathlib import Path

import external_tools
from external_tools import CALLING_DIR

external_tools.use_fetched_python()

from access_secrets_test import sha256
from calling_clients import CLIENTS, Client
from calling_peers import Peer
from certificates import Authority
from harness import (BIN_DIR, SOURCE_DIR, Program, SandboxTest, clean_environment, http_get,
                     poll_until, read_assignments)

BOT = "spiffe://desk.example/bot"
TOKEN = "a-token-of-the-test-0123456789abcdef"
# The least that the configuration allows, give or take a tenth.
AGE_SECONDS = 30
CONNECTIONS = 12
WATCHES = 3
ENOUGH_ENDS = 10
PATIENCE_SECONDS = 100
# No connection is as short as this.
LOOK_EVERY_SECONDS = 0.3
PAUSE_SECONDS = 0.1
# Calls of the flaky peer that fail before one succeeds.
FAILURES = 2


class ConnectionCount:
    """The connections that a process has had to a port of this machine."""

    def __init__(self, pid: int, port: int):
        self._folder = Path(f"/proc/{pid}/fd")
        self._port = f":{port:04X}"
        self._seen: set[str] = set()
        self._open: set[str] = set()

    def ended(self) -> int:
        inodes = self._inodes()
        lines = [line.split() for table in ("tcp", "tcp6")
                 for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
        self._open = {line[1] for line in lines
                      if line[2].endswith(self._port) and line[9] in inodes}
        self._seen |= self._open
        return len(self._seen - self._open)

    def _inodes(self) -> set[str]:
        found = set()
        for descriptor in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                name = os.readlink(descriptor)
                if name.startswith("socket:["):
                    found.add(name[len("socket:["):-1])
        return found


class Caller:
    """A running program of a library, with peers of its own."""

    def __init__(self, test: "CallingTest", name: str, client: Client):
        self.name, self.client = name, client
        self.flaky = Peer(test.server_pair, failures=FAILURES)
        self.sick = Peer(test.server_pair, is_sick=True)
        told = test.told | {"flaky": self.flaky.address, "sick": self.sick.address}
        folder = test.folder / name
        shutil.copytree(CALLING_DIR / name, folder)
        client.prepare(folder)
        self.program = Program(client.command, test.folder / f"{name}.log",
                               clean_environment() | {"TOLD": json.dumps(told)}, cwd=folder)
        self._connections = ConnectionCount(self.program.process.pid, test.port)

    def ended_connections(self) -> int:
        if self.program.process.poll() is not None:
            raise AssertionError(f"{self.name} has ended:\n{self.program.output()}")
        return self._connections.ended()

    def stop(self) -> None:
        self.program.kill()
        self.flaky.stop()
        self.sick.stop()


class CallingTest(SandboxTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        authority = Authority(cls.folder)
        cls.server_pair = authority.issue("server", "DNS:localhost", "IP:127.0.0.1")
        bot_pair = authority.issue("bot", f"URI:{BOT}")
        cls.server_pair[1].chmod(0o600)
        # Bound and not listening: whoever connects is refused.
        closed = cls._programs.enter_context(socket.socket())
        closed.bind(("127.0.0.1", 0))
        cls.port, cls.admin_url = cls._start_service(authority.certificate)
        cls.told = {
            "address": f"localhost:{cls.port}", "closed": f"localhost:{closed.getsockname()[1]}",
            "ca": str(authority.certificate), "certificate": str(bot_pair[0]),
            "key": str(bot_pair[1]), "token": TOKEN, "connections": CONNECTIONS,
            "watches": WATCHES, "pause": PAUSE_SECONDS, "dead_source": "accounts/desk-1/sources/dead",
            "service_config": str(SOURCE_DIR / "clients/service_config.json"),
            "proto": str(SOURCE_DIR / "proto")}

    @classmethod
    def _start_service(cls, ca: Path) -> tuple[int, str]:
        environment = cls.sandbox.environment
        cls._write("api-key", environment["POLYSIM_API_KEY"])
        cls._write("tokens", sha256(TOKEN) + "\n")
        config = cls._write("calling.yaml", f"""
listen: 127.0.0.1:0
admin_listen: 127.0.0.1:0
server: {{drain_delay: 0s, max_connection_age: {AGE_SECONDS}s, max_watch_age: 1s}}
tls:
  certificate_file: {cls.server_pair[0]}
  private_key_file: {cls.server_pair[1]}
  client_ca_file: {ca}
  client_certificate: OPTIONAL
callers:
- {{id: bot, spiffe_id: "{BOT}", accounts: [desk-1]}}
- {{id: board, token_file: {cls.folder / "tokens"}, accounts: [desk-1]}}
accounts:
- id: desk-1
  sources:
  - id: polysimulator
    polysimulator:
      base_url: {environment["POLYSIM_BASE_URL"]}
      api_key: {{file: {cls.folder / "api-key"}}}
  - id: dead
    polysimulator:
      base_url: http://127.0.0.1:9
      api_key: {{value: {environment["POLYSIM_API_KEY"]}x}}
""")
        ports_file = cls.folder / "calling.ports"
        program = Program([BIN_DIR / "balance-service", "--config", config, "--ports-file",
                           ports_file], cls.folder / "calling.log", clean_environment())
        cls._programs.callback(program.kill)
        program.wait_for(ports_file.exists, "the service's ports file")
        ports = read_assignments(ports_file)
        return int(ports["grpc"].rsplit(":", 1)[1]), f"http://{ports['admin']}"

    @classmethod
    def _write(cls, name: str, text: str) -> Path:
        path = cls.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def start_callers(self) -> list[Caller]:
        callers = []
        for name, client in CLIENTS.items():
            if sys.argv[1:] and name not in sys.argv[1:]:
                continue
            reasons = [*map(external_tools.why_missing, client.tools), client.why_not()]
            missing = [reason for reason in reasons if reason]
            if missing:
                print(f"SKIPPED: {name}: {missing[0]}")
                continue
            caller = Caller(self, name, client)
            self.addCleanup(caller.stop)
            callers.append(caller)
        return callers

    def test_callers_do_not_notice_the_end_of_connections(self):
        callers = self.start_callers()
        for caller in callers:
            caller.program.wait_for(lambda: "ready" in caller.program.output(), "its facts",
                                    PATIENCE_SECONDS)

        def all_have_ended() -> bool:
            # Each is asked, also when an earlier one is not there yet.
            return min([caller.ended_connections() for caller in callers]) >= ENOUGH_ENDS

        poll_until(all_have_ended, f"{ENOUGH_ENDS} ends of connections a client", PATIENCE_SECONDS,
                   LOOK_EVERY_SECONDS)
        for caller in callers:
            ended = caller.ended_connections()
            caller.program.stop()
            result = json.loads(caller.program.output().splitlines()[-1])
            print(f"{caller.name}: {ended} connections ended, {result}")
            with self.subTest(caller.name):
                self.check(caller, result)
        # What the service says of an upstream is repeated by nobody.
        metrics = http_get(f"{self.admin_url}/metrics")
        asked = re.findall(r'^grpc_server_handled_total{.*"GetSourceBalance".*} (\d+)$', metrics,
                           re.MULTILINE)
        self.assertEqual(sum(map(int, asked)), len(callers), asked)

    def grpcurl(self, script: str) -> subprocess.CompletedProcess:
        folder = external_tools.folder_of("grpcurl")
        environment = clean_environment() | {
            "PATH": f"{folder}:{os.environ['PATH']}", "CA": self.told["ca"], "KEY": self.told["key"],
            "CERTIFICATE": self.told["certificate"], "TOKEN": TOKEN, "ADDRESS": self.told["address"]}
        return subprocess.run(["sh", "-c", script], cwd=SOURCE_DIR, env=environment, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=30)

    def test_grpcurl(self):
        reason = external_tools.why_missing("grpcurl")
        if reason is not None:
            self.skipTest(reason)
        for name in ("with_certificate", "with_token"):
            command = (CALLING_DIR / f"grpcurl/{name}.sh").read_text()

            result = self.grpcurl(command)

            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(json.loads(result.stdout)["name"], "accounts/desk-1")
        command = (CALLING_DIR / "grpcurl/with_certificate.sh").read_text()
        for misspelt in (command.replace('"ALL"', '"AL"'), command.replace('"require"', '"required"')):
            self.assertNotEqual(misspelt, command)
            self.assertNotEqual(self.grpcurl(misspelt).returncode, 0)
        dead = command.replace("polysimulator", "dead")
        self.assertIn("SOURCE_UNREACHABLE", self.grpcurl(dead).stderr)

    def check(self, caller: Caller, result: dict):
        self.assertEqual(result.pop("failed"), {})
        self.assertGreater(result.pop("calls"), 10 * CONNECTIONS)
        self.assertGreaterEqual(result.pop("snapshots"), ENOUGH_ENDS)
        self.assertGreaterEqual(result.pop("goodbyes"), ENOUGH_ENDS)
        self.assertEqual(result.pop("token"), "accounts/desk-1")
        self.assertEqual(result.pop("error"), ["SOURCE_UNREACHABLE", True])
        # The recipe calls again a stream in which nothing is said.
        self.assertGreaterEqual(caller.flaky.balances.watches, 2)
        self.assertRegex(result.pop("cash"), r"^\d+\.\d\d$")
        self.assertEqual(result, caller.client.facts)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
