#!/usr/bin/python3
"""Usage: runtime_root.py FOLDER BUILD PROGRAM...

Lays out in the new FOLDER all that an image has: the PROGRAMs from the BUILD folder, the shared
libraries that they need, what name resolution and TLS read, and who made all that. It runs on the
Debian on which the programs were built; SOURCE_DATE_EPOCH is the time of every file.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import debian_packages
import spdx
from debian_packages import DebianPackage

USER_ID = 65532
# Read by OpenSSL and curl, by name resolution, and by scanners that must know whose packages these
# are.
BORROWED_FILES = (
    "/etc/debian_version", "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/openssl.cnf",
    "/usr/lib/os-release")
# What no package owns as it is made at installation, and whose it is all the same.
MADE_BY = {"/etc/ssl/certs/ca-certificates.crt": "ca-certificates"}
LINKS = {"lib": "usr/lib", "lib64": "usr/lib64",
         "etc/os-release": "../usr/lib/os-release", "usr/lib/ssl/certs": "/etc/ssl/certs",
         "usr/lib/ssl/openssl.cnf": "/etc/ssl/openssl.cnf"}
# Where a container runtime mounts things; it cannot make folders on a read-only root.
MOUNT_POINTS = ("dev", "etc/balance", "proc", "sys")
TEXTS = {
    "etc/group": f"root:x:0:\nnonroot:x:{USER_ID}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "etc/passwd": (f"root:x:0:0:root:/nonexistent:/nonexistent\n"
                   f"nonroot:x:{USER_ID}:{USER_ID}:nonroot:/nonexistent:/nonexistent\n"),
}


def shared_libraries(programs: list[Path]) -> set[Path]:
    """The libraries, and the loader, under the names by which the programs find them."""
    lines = subprocess.run(["ldd", *programs], check=True, capture_output=True, text=True).stdout
    if "not found" in lines:
        raise SystemExit(f"a library is missing:\n{lines}")
    return {Path(path) for path in re.findall(r"(/\S+) \(0x", lines)}


def compiled_in(build: Path, programs: list[str]) -> set[Path]:
    """The headers and archives that went into the programs, by what Ninja noted of the build."""
    def ninja(*arguments: str) -> str:
        return subprocess.run(["ninja", "-C", build, "-t", *arguments], check=True,
                              capture_output=True, text=True).stdout

    inputs = set(ninja("inputs", *programs).splitlines())
    files = {path for path in inputs if path.endswith(".a")}
    for stanza in ninja("deps").strip().split("\n\n"):
        target, *headers = stanza.splitlines()
        if target.split(":")[0] in inputs:
            files.update(line.strip() for line in headers)
    return {Path(path) for path in files if path.startswith("/usr/")}


def copy(path: Path, root: Path) -> None:
    """Copies a file to where it is, and a link with the file that it leads to."""
    source = path.resolve()
    target = root / source.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
    link = root / path.relative_to("/")
    if not link.exists():
        folder = link.parent.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target.name if folder == target.parent else source)


def describe(item: DebianPackage, root: Path) -> None:
    """Leaves the package's licence and, where scanners look for it in images without a dpkg, its
    entry in the database with the checksums of its files that are here."""
    copy(debian_packages.licence(item.name), root)
    folder = root / "var/lib/dpkg/status.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / item.name).write_text(debian_packages.control(item.name))
    sums = sorted((str(path).lstrip("/"), checksum)
                  for path, checksum in debian_packages.checksums(item).items()
                  if (root / str(path).lstrip("/")).is_file())
    (folder / f"{item.name}.md5sums").write_text(
        "".join(f"{checksum}  {path}\n" for path, checksum in sums))


def lay_out_files(root: Path, libraries: set[Path], programs: list[Path]) -> None:
    for link, target in LINKS.items():
        (root / link).parent.mkdir(parents=True, exist_ok=True)
        (root / link).symlink_to(target)
    for folder in MOUNT_POINTS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name, text in TEXTS.items():
        (root / name).write_text(text)
    for path in sorted(libraries | {Path(name) for name in BORROWED_FILES}):
        copy(path, root)
    folder = root / "usr/local/bin"
    folder.mkdir(parents=True)
    for program in programs:
        subprocess.run(["strip", "-o", folder / program.name, program], check=True)


def owners_of(files: set[Path]) -> set[str]:
    owners = debian_packages.owners(files) | {
        Path(name): owner for name, owner in MADE_BY.items() if Path(name) in files}
    unknown = files - owners.keys()
    if unknown:
        raise SystemExit(f"of no package: {sorted(map(str, unknown))}")
    return set(owners.values())


def packages_of(files: set[Path]) -> list[DebianPackage]:
    """Who brought the files, or the licence of one who did: some leave theirs to another."""
    names = owners_of(files)
    names |= owners_of({debian_packages.licence(name) for name in names})
    return sorted(map(debian_packages.package, names))


def version_of(build: Path) -> str:
    return subprocess.run([build / "bin/balance-service", "--version"], check=True,
                          capture_output=True, text=True).stdout.split()[-1]


def lay_out_lists(root: Path, names: list[str], version: str, shipped: list[DebianPackage],
                  inside: list[DebianPackage], epoch: int) -> None:
    for item in shipped:
        describe(item, root)
    programs = {f"/usr/local/bin/{name}": (root / "usr/local/bin" / name).read_bytes()
                for name in names}
    folder = root / "usr/share/balance"
    folder.mkdir(parents=True)
    (folder / "packages.txt").write_text(
        "".join(f"{item.name} {item.version} {item.architecture}\n" for item in shipped))
    (folder / "sbom.spdx.json").write_text(
        spdx.document(version, programs, shipped, inside, epoch))


def main() -> None:
    root, build, names = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
    os.umask(0o022)
    programs = [build / "bin" / name for name in names]
    libraries = shared_libraries(programs)
    root.mkdir()
    lay_out_files(root, libraries, programs)
    shipped = packages_of(libraries | {Path(name) for name in BORROWED_FILES})
    inside = packages_of(compiled_in(build, names))
    lay_out_lists(root, names, version_of(build), shipped, inside, epoch)
    for path in [root, *root.rglob("*")]:
        os.utime(path, (epoch, epoch), follow_symlinks=False)


if __name__ == "__main__":
    main()
