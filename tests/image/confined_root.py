"""Runs programs in an image's root file system as a cluster does that trusts them little: as the
image's user, without capabilities or a way to gain any, on a root that nobody can write to.

ConfinedRoot REQUIRES that this process is root in a mount and a network namespace of its own; the
mounts go with it. As a program this prints why that cannot be had here, or nothing if it can.
"""

import fcntl
import os
import shutil
import socket
import struct
import subprocess
import tempfile
from pathlib import Path

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


# What ConfinedRoot needs to be allowed to do in the folder "$0".
PROBE = """
mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && mount -t proc proc "$0"
"""


def why_not() -> str | None:
    """Why this machine does not let us confine programs; None if it does. An ordinary container
    does not: that takes CAP_SYS_ADMIN."""
    if os.geteuid() != 0:
        return "images are built, and run confined, by root"
    with tempfile.TemporaryDirectory() as folder:
        probe = subprocess.run(["unshare", "--mount", "--net", "sh", "-c", PROBE, folder],
                               text=True, stdin=subprocess.DEVNULL, capture_output=True)
    if probe.returncode == 0:
        return None
    reason = (probe.stderr.strip().splitlines() or ["it did not say why"])[0]
    return f"namespaces and mounts of one's own are not to be had here ({reason})"


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


if __name__ == "__main__":
    if reason := why_not():
        print(f"SKIPPED: the test of the image: {reason}")
