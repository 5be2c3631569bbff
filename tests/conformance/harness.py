"""Starts the real programs for a test, speaks to them and makes sure that they are gone afterwards.

CTest tells where everything is: BALANCE_SOURCE_DIR, BALANCE_BIN_DIR and BALANCE_TOOLS_DIR.
"""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path
from typing import Callable

SOURCE_DIR = Path(os.environ["BALANCE_SOURCE_DIR"])
BIN_DIR = Path(os.environ["BALANCE_BIN_DIR"])
# Generous: another test may keep the machine busy.
DEADLINE_SECONDS = 30
# For a program of others that tries hundreds of cases, mostly in a tenth of it.
LONG_RUN_SECONDS = 280
# What the service and `./dev run` read from the environment.
OUR_VARIABLES = ("POLYMARKET_", "POLYSIM_", "BALANCE_", "SANDBOX_")


def poll_until(condition: Callable[[], object], what: str, seconds: float = DEADLINE_SECONDS,
               interval_seconds: float = 0.02):
    """The first true value of `condition`; an AssertionError that says `what` was awaited if none
    comes in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(interval_seconds)


def clean_environment() -> dict[str, str]:
    """This process's environment without what configures our programs."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith(OUR_VARIABLES)}


def read_assignments(path: Path) -> dict[str, str]:
    """The lines NAME=VALUE of a file that a shell could read too."""
    return dict(shlex.split(line)[0].split("=", 1) for line in path.read_text().splitlines())


def http_get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=DEADLINE_SECONDS) as reply:
        return reply.read().decode()


def process_table() -> str:
    """All processes, each with its parent, its group, its state and what it waits for in the kernel."""
    lines = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, parent, group = (folder / "stat").read_text().rsplit(")", 1)[1].split()[:3]
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            waits_for = (folder / "wchan").read_text()
            lines.append(f"{folder.name} {parent} {group} {state} {waits_for} {command}")
    return "\n".join(lines)


class Program:
    """A running program, in a process group of its own, its output in a file. `options` are Popen's.
    """

    def __init__(self, arguments: list, log: Path, environment: dict[str, str], **options):
        self.log = log
        self.name = Path(arguments[0]).name
        with log.open("w") as output:
            self.process = subprocess.Popen(arguments, env=environment, stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=subprocess.STDOUT,
                                            start_new_session=True, **options)

    def output(self) -> str:
        return self.log.read_text()

    def signal_group(self, number: signal.Signals) -> None:
        """As Ctrl-C in a terminal does: to the program and all that it started."""
        os.killpg(self.process.pid, number)

    def group_lives(self) -> bool:
        try:
            self.signal_group(0)
        except ProcessLookupError:
            return False
        return True

    def wait_for(self, condition: Callable[[], object], what: str,
                 seconds: float = DEADLINE_SECONDS):
        """As poll_until(), but fails at once, with the output, if the program ends."""
        def condition_while_running():
            value = condition()
            if not value and self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self.process.returncode} before"
                                     f" {what}:\n{self.output()}")
            return value
        return poll_until(condition_while_running, what, seconds)

    def wait(self) -> int:
        """The exit code, once nothing of its process group is left."""
        try:
            code = self.process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} ({self.process.pid}) did not end:\n{self.output()}\n"
                                 + process_table()) from None
        poll_until(lambda: not self.group_lives(), f"the end of all that {self.name} started")
        return code

    def stop(self) -> None:
        """Asks it to end, and checks that it does so well."""
        self.process.send_signal(signal.SIGTERM)
        code = self.wait()
        if code != 0:
            raise AssertionError(f"{self.name} ended with {code}:\n{self.output()}")

    def kill(self) -> None:
        if self.group_lives():
            self.signal_group(signal.SIGKILL)
        self.process.wait()


class Sandbox:
    """upstream-sandbox. `environment` is what a service needs to read from it."""

    def __init__(self, folder: Path):
        env_file = folder / "sandbox.env"
        self.program = Program(
            [BIN_DIR / "upstream-sandbox", "--env-file", env_file, "--move-every", "0"],
            folder / "sandbox.log", clean_environment())
        self.program.wait_for(env_file.exists, "the sandbox's env file")
        assignments = read_assignments(env_file)
        self._control_url = assignments.pop("SANDBOX_CONTROL_URL")
        self.environment = assignments | {"POLYMARKET_FUND_CLASS": "REAL_MONEY"}

    def control(self, method: str, path: str, body: object = None) -> dict:
        """Calls the control endpoint; see tests/sandbox/README.md."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._control_url + path, data, method=method)
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as reply:
            return json.loads(reply.read() or "{}")


class Service:
    """balance-service in its environment-only mode, on ports that the system chose."""

    def __init__(self, folder: Path, environment: dict[str, str], name: str = "service"):
        ports_file = folder / f"{name}.ports"
        settings = {"BALANCE_LISTEN": "127.0.0.1:0", "BALANCE_ADMIN_LISTEN": "127.0.0.1:0",
                    "BALANCE_DRAIN_DELAY": "0s"}
        self.program = Program([BIN_DIR / "balance-service", "--ports-file", ports_file],
                               folder / f"{name}.log",
                               clean_environment() | settings | environment)
        self.program.wait_for(ports_file.exists, "the service's ports file")
        ports = read_assignments(ports_file)
        self.grpc_address = ports["grpc"]
        self.admin_url = f"http://{ports['admin']}"


class SandboxTest(unittest.TestCase):
    """One sandbox with still money for all tests of a class. It is stopped at the end and must end
    well."""

    @classmethod
    def setUpClass(cls):
        cls._programs = contextlib.ExitStack()
        cls.addClassCleanup(cls._programs.close)
        cls.folder = Path(cls._programs.enter_context(tempfile.TemporaryDirectory()))
        cls.sandbox = cls._stop_at_end(Sandbox(cls.folder))

    @classmethod
    def _stop_at_end(cls, owner):
        cls._programs.callback(owner.program.kill)
        cls._programs.callback(owner.program.stop)
        return owner


class StackTest(SandboxTest):
    """A sandbox, and one service that reads from it. More services may be started beside it; all
    must end well."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service = cls.start_service()

    @classmethod
    def start_service(cls, name: str = "service", **changes: str) -> Service:
        return cls._stop_at_end(Service(cls.folder, cls.sandbox.environment | changes, name))
