"""A service with many accounts, each with credentials of its own in files, at an upstream that
answers every request of either venue with the same bytes."""

import base64
import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

from harness import http_get, read_assignments
from servers import Server, Servers, write_request

CONFIG = """
listen: 127.0.0.1:0
admin_listen: 127.0.0.1:0
server: {{drain_delay: 0s{more_of_server}}}
cache: {cache}
upstream: {{requests_per_second: 1000, burst: 1000}}
accounts:
"""
ACCOUNT = """- id: desk-{number}
  sources:
  - id: polymarket-us
    fund_class: REAL_MONEY
    polymarket_us:
      base_url: {POLYMARKET_BASE_URL}
      key_id: {{file: {secrets}/{number}-key-id}}
      secret_key: {{file: {secrets}/{number}-secret-key}}
  - id: polysimulator
    polysimulator:
      base_url: {POLYSIM_BASE_URL}
      api_key: {{file: {secrets}/{number}-api-key}}
"""
# Longer than any run, so that every read of what was read once is a hit.
NO_AGING = "{ttl: 86400s, max_stale: 86400s}"
SERVING_SECONDS = 60


@dataclass(frozen=True)
class Upstream:
    environment: dict[str, str]

    @property
    def polymarket_url(self) -> str:
        return self.environment["POLYMARKET_BASE_URL"]

    @property
    def polysimulator_url(self) -> str:
        return self.environment["POLYSIM_BASE_URL"]

    def requests(self) -> tuple[int, int]:
        """How many balances each venue was asked for."""
        return tuple(int(http_get(f"{url}/count"))
                     for url in (self.polymarket_url, self.polysimulator_url))


def start_upstream(servers: Servers, polymarket_ms: float = 0,
                   polysimulator_ms: float = 0) -> Upstream:
    program = servers.start("cheap_upstream", [f"--polymarket-delay={polymarket_ms}",
                                               f"--polysimulator-delay={polysimulator_ms}"])
    program.wait_for(lambda: program.output().count("\n") == 2, "its addresses")
    return Upstream(read_assignments(program.log))


def write_accounts(folder: Path, upstream: Upstream, count: int, cache: str,
                   more_of_server: str = "", more: str = "") -> Path:
    """The configuration file. `more`: further blocks of it."""
    secrets = folder / "secrets"
    secrets.mkdir(exist_ok=True)
    config = [CONFIG.format(cache=cache, more_of_server=more_of_server)]
    for number in range(count):
        seed = hashlib.sha256(f"seed {number}".encode()).digest()
        for name, content in (("key-id", f"00000000-0000-4000-8000-{number:012}"),
                              ("secret-key", base64.b64encode(seed).decode()),
                              ("api-key", "ps_live_" + seed.hex()[:32])):
            path = secrets / f"{number}-{name}"
            if not path.exists():
                path.touch(mode=0o600)
                path.write_text(content)
        config.append(ACCOUNT.format(number=number, secrets=secrets, **upstream.environment))
    path = folder / "config.yaml"
    path.write_text("".join(config) + more)
    return path


@dataclass(frozen=True)
class StartedService:
    """balance-service, which said SERVING so many seconds after it was started."""

    server: Server
    seconds: float
    cpu_seconds: float
    admin_address: str


def start_service(servers: Servers, folder: Path, config: Path,
                  binary: Path | None = None, name: str = "balance-service") -> StartedService:
    """Of another build, if `binary` is given. `name` differs among those that run at once."""
    ports_file = folder / f"{name}.ports"
    ports_file.unlink(missing_ok=True)
    begin = time.monotonic()
    program = servers.start(binary or "balance-service", ["--config", config, "--ports-file", ports_file],
                            log=name)
    # Written as soon as health says SERVING. Looked for often, as it is what is measured.
    while not ports_file.exists():
        if program.process.poll() is not None or time.monotonic() > begin + SERVING_SECONDS:
            raise AssertionError(f"balance-service does not start:\n{program.output()}")
        time.sleep(0.001)
    seconds = time.monotonic() - begin
    ports = read_assignments(ports_file)
    server = Server(name, program.process.pid, ports["grpc"],
                    write_request(folder / "request", b""))
    return StartedService(server, seconds, server.cpu_seconds(), ports["admin"])
