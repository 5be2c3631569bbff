"""Starts what the load is put on: the sandbox, the service and the null servers. All on loopback,
on ports that the system chose; all end with this process, however it ends."""

import contextlib
import hashlib
import os
import re
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from certificates import Authority
from harness import BIN_DIR, Program, clean_environment, http_get, read_assignments

METHOD = "/balance.v1.BalanceService/GetAccountSnapshot"
# Of every caller, whether the server looks at it or not.
TOKEN = "d2f1a0c4b6e8975310fedcba98765432"
GRPC_HEADERS = ["-H", "content-type: application/grpc", "-H", "te: trailers",
                "-H", f"authorization: Bearer {TOKEN}"]
# A GetAccountSnapshotRequest with a max_age of an hour: of the fields 2, 1 and 1.
WITH_MAX_AGE = b"\x12\x05\x0a\x03\x08\x90\x1c"
# Longer than any run, so that every read is a hit.
CONFIG = """
listen: 127.0.0.1:0
admin_listen: 127.0.0.1:0
server: {{drain_delay: 0s{more_of_server}}}
{more}accounts:
- id: desk-1
  sources:
  - id: polymarket-us
    fund_class: REAL_MONEY
    polymarket_us:
      base_url: {POLYMARKET_BASE_URL}
      key_id: {{env: POLYMARKET_KEY_ID}}
      secret_key: {{env: POLYMARKET_SECRET_KEY}}
  - id: polysimulator
    polysimulator:
      base_url: {POLYSIM_BASE_URL}
      api_key: {{env: POLYSIM_API_KEY}}
cache: {{ttl: 86400s, max_stale: 86400s, min_refresh_interval: 0.001s}}
upstream: {{requests_per_second: 1000, burst: 1000}}
"""
# Two teams, each with the account; the other one's token is looked at first.
CALLERS = """
callers:
- {{id: risk, accounts: [desk-1], token_file: "{folder}/other-tokens"}}
- {{id: trader, accounts: [desk-1], token_file: "{folder}/tokens"}}
"""


@dataclass(frozen=True)
class Server:
    """A running server, and the request that it is sent."""

    name: str
    process_id: int
    address: str
    request_file: Path
    method: str = METHOD
    # Of its certificate; None: it is asked without TLS.
    ca_file: Path | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.ca_file else 'http'}://{self.address}{self.method}"

    def resident_kib(self) -> int:
        for line in Path(f"/proc/{self.process_id}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")

    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far."""
        stat = Path(f"/proc/{self.process_id}/stat").read_text()
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def exact_cpu_seconds(self) -> float:
        """The same to the nanosecond, but without threads that have ended."""
        tasks = Path(f"/proc/{self.process_id}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


class Servers:
    """Starts servers on given cores; close() stops them all and complains of those that end ill. Not
    `orderly`: it kills them, as the stop of tens of thousands of logins on a busy machine takes longer
    than the service allows itself."""

    def __init__(self, folder: Path, cores: set[int], orderly: bool = True):
        self._folder = folder
        self._cores = cores
        self._orderly = orderly
        self._programs = contextlib.ExitStack()

    def __enter__(self) -> "Servers":
        return self

    def __exit__(self, *_) -> None:
        self._programs.close()

    def start_service(self, name: str, callers: bool, engine: str = "",
                      binary: Path | None = None, tls: bool = False,
                      more_of_server: str = "") -> "Service":
        """To everybody, or to callers that are known by their tokens. By an engine that is not the
        default one, or from another build. `more_of_server`: more settings of that block."""
        folder = self._folder / name
        folder.mkdir()
        env_file = folder / "sandbox.env"
        sandbox = self.start("upstream-sandbox", ["--env-file", env_file, "--move-every", "0"],
                             log=f"sandbox of {name}")
        sandbox.wait_for(env_file.exists, "its env file")
        environment = read_assignments(env_file)
        config = folder / "config.yaml"
        authority = Authority(folder) if tls else None
        config.write_text(CONFIG.format(
            more_of_server=(f", engine: {engine}" if engine else "") + more_of_server,
            more=tls_yaml(authority) if authority else "", **environment))
        if callers:
            for file, token in (("tokens", TOKEN), ("other-tokens", "another")):
                (folder / file).write_text(hashlib.sha256(token.encode()).hexdigest() + "\n")
            config.write_text(config.read_text() + CALLERS.format(folder=folder))
        ports_file = folder / "service.ports"
        program = self.start(binary or "balance-service",
                             ["--config", config, "--ports-file", ports_file], environment,
                             log=name)
        program.wait_for(ports_file.exists, "its ports file")
        ports = read_assignments(ports_file)
        return Service(name, folder, program, ports["grpc"], ports["admin"],
                       authority.certificate if authority else None,
                       environment["SANDBOX_CONTROL_URL"])

    def start_null(self, name: str, style: str, answer: bytes, request_file: Path) -> Server:
        answer_file = self._folder / "answer"
        answer_file.write_bytes(answer)
        program = self.start("null_server", ["--style", style, "--answer", answer_file],
                             log=f"null-{style}")
        port = program.wait_for(program.output, "its port").strip()
        return Server(name, program.process.pid, f"127.0.0.1:{port}", request_file)

    def start(self, name: str | Path, arguments: list, environment: dict[str, str] | None = None,
              log: str = "") -> Program:
        """One of our programs, or one by its path, until the end of these servers."""
        cores = ",".join(map(str, sorted(self._cores)))
        program = Program(["setpriv", "--pdeathsig", "TERM", "--", "taskset", "-c", cores,
                           BIN_DIR / name, *arguments], self._folder / f"{log or name}.log",
                          clean_environment() | (environment or {}))
        program.name = str(name)
        self._programs.callback(program.kill)
        if self._orderly:
            self._programs.callback(program.stop)
        return program


class Service:
    """balance-service, with every reading in its cache once read_answer() has returned."""

    def __init__(self, name: str, folder: Path, program: Program, grpc_address: str,
                 admin_address: str, ca_file: Path | None, control_url: str):
        self._admin_address = admin_address
        # Of its sandbox.
        self.control_url = control_url
        self.plain = Server(name, program.process.pid, grpc_address,
                            write_request(folder / "request", b""), ca_file=ca_file)
        self.with_max_age = Server(
            f"{name}, max_age 1 h", program.process.pid, grpc_address,
            write_request(folder / "request-with-max-age", WITH_MAX_AGE), ca_file=ca_file)

    def read_answer(self) -> bytes:
        """The bytes of an AccountSnapshot, after a first read has filled the cache."""
        check_answers_ok(self.plain)
        return read_bytes(self.plain)

    def counters(self) -> dict[str, float]:
        """Calls that did not end OK, and refreshes, so far."""
        metrics = http_get(f"http://{self._admin_address}/metrics")
        counted = {"calls that failed": 0.0, "refreshes": 0.0}
        for name, labels, value in re.findall(r"^(\w+){(.*)} (\S+)$", metrics, re.MULTILINE):
            if name == "grpc_server_handled_total" and 'grpc_code="OK"' not in labels:
                counted["calls that failed"] += float(value)
            if name == "balance_refreshes_total":
                counted["refreshes"] += float(value)
        return counted


def tls_yaml(authority: Authority) -> str:
    certificate, key = authority.issue("server", "IP:127.0.0.1")
    return f'tls: {{certificate_file: "{certificate}", private_key_file: "{key}"}}\n'


def write_request(path: Path, message: bytes) -> Path:
    path.write_bytes(struct.pack(">BI", 0, len(message)) + message)
    return path


def read_bytes(server: Server) -> bytes:
    """The message that a server answers."""
    body = subprocess.run(["nghttp", *GRPC_HEADERS, "-d", server.request_file, server.url],
                          check=True, capture_output=True, timeout=30).stdout
    if len(body) < 5 or struct.unpack(">BI", body[:5]) != (0, len(body) - 5):
        raise AssertionError(f"{server.name} answered no single message: {body!r}")
    return body[5:]


def check_answers_ok(server: Server) -> None:
    """One real call: its status must be OK and its snapshot complete. h2load sees neither."""
    with tempfile.NamedTemporaryFile("w", suffix=".token") as token:
        token.write(TOKEN)
        token.flush()
        result = subprocess.run([BIN_DIR / "balancectl", "get", "--server", server.address,
                                 "--token-file", token.name,
                                 *(["--tls-ca", server.ca_file] if server.ca_file else [])], text=True, capture_output=True,
                                timeout=30, env=clean_environment())
    if result.returncode != 0:
        raise AssertionError(f"{server.name} does not answer well:\n{result.stdout}"
                             f"{result.stderr}")
