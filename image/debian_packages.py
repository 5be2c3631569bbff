"""What dpkg knows of the packages that files on this machine come from."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

INFO = Path("/var/lib/dpkg/info")


@dataclass(frozen=True, order=True)
class DebianPackage:
    """An installed package; names and versions are Debian's."""

    name: str
    version: str
    architecture: str
    source: str
    source_version: str

    @property
    def purl(self) -> str:
        """The package URL by which scanners look up known vulnerabilities."""
        # Of what a version may hold, only these two need an escape.
        version = self.version.replace("+", "%2B").replace(":", "%3A")
        return f"pkg:deb/debian/{self.name}@{version}?arch={self.architecture}&distro=debian-12"


def _query(name: str, form: str) -> str:
    return subprocess.run(["dpkg-query", "--show", f"--showformat={form}", name], check=True,
                          capture_output=True, text=True).stdout


def package(name: str) -> DebianPackage:
    fields = ("Package", "Version", "Architecture", "source:Package", "source:Version")
    return DebianPackage(*_query(name, "\\n".join(f"${{{field}}}" for field in fields)).split("\n"))


def control(name: str) -> str:
    """The package's stanza, as in dpkg's own database."""
    return subprocess.run(["dpkg-query", "--status", name], check=True, capture_output=True,
                          text=True).stdout


def licence(name: str) -> Path:
    return Path(f"/usr/share/doc/{name}/copyright")


def checksums(item: DebianPackage) -> dict[Path, str]:
    """The MD5 sum of each file that the package brought, by its path."""
    lists = (INFO / f"{item.name}{qualifier}.md5sums"
             for qualifier in (f":{item.architecture}", ""))
    lines = next(path for path in lists if path.exists()).read_text().splitlines()
    return {Path("/") / path: checksum for checksum, path in (line.split(None, 1) for line in lines)}


def _spellings(path: Path) -> set[str]:
    """The names of a file: dpkg lists it under /lib or under /usr/lib, which are one folder."""
    real = os.path.realpath(path)
    return {real, real.removeprefix("/usr")}


def owners(paths: set[Path]) -> dict[Path, str]:
    """The name of the package that brought each path; those that none did are left out."""
    wanted = sorted(set().union(*map(_spellings, paths)))
    # Exits with 1, as one spelling of each is unknown.
    lines = subprocess.run(["dpkg-query", "--search", "--", *wanted], capture_output=True,
                           text=True).stdout.splitlines()
    names = {path: re.split("[,:]", owner)[0]
             for owner, _, path in (line.rpartition(": ") for line in lines)}
    return {path: names[spelling] for path in paths
            for spelling in _spellings(path) & names.keys()}
