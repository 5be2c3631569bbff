"""A Redis on loopback in which replicas of the service meet, and what it says of itself."""

import contextlib
import os
import re
import shutil
import signal
import socket
from pathlib import Path

from servers import Servers

# Debian's package redis-tools has the program under this name; it serves if it is called redis-server.
PROGRAMS = ("redis-server", "redis-check-rdb")
CONFIG = """
bind 127.0.0.1
port {port}
save ""
appendonly no
dir {folder}
"""


class Redis:
    """It lives as long as `servers`, on their cores."""

    def __init__(self, servers: Servers, folder: Path):
        program = next(path for name in PROGRAMS if (path := shutil.which(name)))
        home = folder / "redis"
        home.mkdir()
        link = home / "redis-server"
        link.symlink_to(program)
        port = free_port()
        config = home / "redis.conf"
        config.write_text(CONFIG.format(port=port, folder=home))
        redis = servers.start(link, [config], log="redis-log")
        redis.wait_for(lambda: "Ready to accept" in redis.output(), "that it is ready")
        self.address = f"127.0.0.1:{port}"
        self.process_id = redis.process.pid
        self._connection = socket.create_connection(("127.0.0.1", port), 10)
        self._received = self._connection.makefile("rb")

    def command(self, *words: str) -> str:
        """The reply, if that is a text."""
        parts = [f"*{len(words)}\r\n"] + [f"${len(word)}\r\n{word}\r\n" for word in words]
        self._connection.sendall("".join(parts).encode())
        head = self._received.readline().decode().strip()
        if head[0] == "$":
            return self._received.read(int(head[1:]) + 2)[:-2].decode()
        return head

    def scripts(self) -> int:
        """How many operations the replicas have asked for: each is one script."""
        stats = self.command("INFO", "commandstats")
        return sum(int(calls) for calls in re.findall(r"cmdstat_eval(?:sha)?:calls=(\d+)", stats))

    def used_bytes(self) -> int:
        return int(re.search(r"used_memory:(\d+)", self.command("INFO", "memory")).group(1))

    def cpu_seconds(self) -> float:
        stat = Path(f"/proc/{self.process_id}/schedstat").read_text()
        return int(stat.split()[0]) / 1e9

    def listen(self) -> socket.socket:
        """A connection on which something can be read whenever a replica has stored something."""
        listener = socket.create_connection(self._connection.getpeername(), 10)
        listener.sendall(b"PSUBSCRIBE *\r\n")
        listener.recv(4096)
        return listener

    @contextlib.contextmanager
    def frozen(self):
        """Neither answers nor refuses until the end of the block."""
        os.kill(self.process_id, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process_id, signal.SIGCONT)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def fleet_yaml(folder: Path, redis: Redis, replicas: int) -> str:
    """The block of a configuration that makes its process one of so many replicas."""
    key = folder / "sealing-key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    return f"""
fleet:
  redis: {{address: "{redis.address}"}}
  sealing_key: {{file: "{key}"}}
  max_replicas: {replicas}
"""
