"""Runs programs in an image's root file system as a cluster does that trusts them little: as the
image's user, without capabilities or a way to gain any, on a root that nobody can write to.

REQUIRES: this process is root in a mount and a network namespace of its own; mounts go with it.
"""

import fcntl
import shutil
import socket
import struct
import subprocess
from pathlib import Path

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def raise_loopback() -> None:
    """A new network namespace has only this, and it is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH22x", b"lo", 0)
        _, flags = struct.unpack("16sH22x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", flags | IFF_UP))


def _mount(*arguments) -> None:
    subprocess.run(["mount", *arguments], check=True)


class ConfinedRoot:

    def __init__(self, folder: Path, user: str):
        """`folder` holds the root file system; `user` is UID:GID."""
        self.folder = folder
        self._prefix = [shutil.which("setpriv"), "--no-new-privs", shutil.which("chroot"),
                        f"--userspec={user}", "--groups=", str(folder)]
        # Container runtimes add these two files.
        (folder / "etc/hosts").write_text("127.0.0.1 localhost\n")
        (folder / "etc/resolv.conf").write_text("nameserver 127.0.0.1\noptions attempts:1\n")
        _mount("--bind", folder, folder)
        _mount("-o", "remount,bind,ro", folder)
        _mount("-t", "proc", "proc", folder / "proc")

    def put(self, source: Path, name: str) -> None:
        """Shows `source` at `name`, which is there already."""
        _mount("--bind", source, self.folder / name.lstrip("/"))

    def command(self, *arguments) -> list[str]:
        """The command line by which a program is run inside."""
        return [*self._prefix, *map(str, arguments)]
