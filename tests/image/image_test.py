"""`./dev image` builds an image that holds no more than it needs, says what that is, and runs
without any privilege on a root file system that cannot be written to."""

import datetime
import errno
import hashlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from confined_root import ConfinedRoot, raise_loopback, why_not
from external_tools import skip
from harness import SOURCE_DIR, Program, Sandbox, clean_environment, poll_until
from oci_archive import OciArchive
from venue_by_name import VenueByName, make_certificate

OUTPUT = SOURCE_DIR / "build-image"
MAX_BYTES = 120_000_000
PROGRAMS = {"usr/local/bin/balance-service", "usr/local/bin/balance-service-grpc",
            "usr/local/bin/balancectl"}
# What is in the image and came out of no package as it is.
MADE_HERE = PROGRAMS | {
    "etc/group", "etc/nsswitch.conf", "etc/passwd", "etc/ssl/certs/ca-certificates.crt",
    "usr/share/balance/packages.txt", "usr/share/balance/sbom.spdx.json"}
CONFIGURATION_ERROR = 78
GRPC, ADMIN = "127.0.0.1:50051", "127.0.0.1:9464"
SECRETS = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}"
                     rb"|ps_live_[0-9a-f]{64}")


def output_of(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True,
                          cwd=SOURCE_DIR).stdout.strip()


def read(root: Path, name: str) -> str:
    return (root / name).read_text()


class ImageTest(unittest.TestCase):
    """What is in the archive."""

    @classmethod
    def setUpClass(cls):
        cls.root = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        archive = OciArchive(OUTPUT / "balance-service.tar")
        cls.description = archive.description
        cls.config = archive.description["config"]
        archive.extract(cls.root)
        cls.paths = {str(path.relative_to(cls.root)): path for path in cls.root.rglob("*")}
        cls.files = {name: path for name, path in cls.paths.items()
                     if path.is_file() and not path.is_symlink()}
        cls.sbom = json.loads(read(cls.root, "usr/share/balance/sbom.spdx.json"))

    def contained(self) -> dict[str, dict]:
        """SPDX id and package of the SBOM, for those of which files are in the image."""
        inside = {link["relatedSpdxElement"] for link in self.sbom["relationships"]
                  if link["relationshipType"] == "CONTAINS"}
        return {package["SPDXID"]: package for package in self.sbom["packages"]
                if package["SPDXID"] in inside}

    def checksums(self) -> dict[str, str]:
        """Debian's MD5 sums of the files, by their path."""
        lines = [line.split("  ") for path in (self.root / "var/lib/dpkg/status.d").iterdir()
                 if path.suffix == ".md5sums" for line in path.read_text().splitlines()]
        return {str((self.root / name).resolve().relative_to(self.root)): checksum
                for checksum, name in lines}

    def test_starts_the_service_as_an_ordinary_user(self):
        self.assertEqual(self.config["User"], "65532:65532")
        self.assertEqual(self.config["Entrypoint"], ["/usr/local/bin/balance-service"])
        self.assertEqual(self.config["Cmd"], ["--config", "/etc/balance/config/config.yaml"])
        self.assertEqual(set(self.config["ExposedPorts"]), {"50051/tcp", "9464/tcp"})
        self.assertIn("nonroot:x:65532:65532:", read(self.root, "etc/passwd"))

    def test_labels_tell_what_it_was_made_of(self):
        labels = {name.removeprefix("org.opencontainers.image."): value
                  for name, value in self.config["Labels"].items()}
        time = datetime.datetime.fromtimestamp(int(output_of("git", "log", "-1", "--format=%ct")),
                                               datetime.timezone.utc)
        [version] = re.findall(r"^project\(.* VERSION (\S+)", read(SOURCE_DIR, "CMakeLists.txt"),
                               re.MULTILINE)

        self.assertEqual(labels.pop("title"), "balance-service")
        self.assertTrue(labels.pop("description"))
        self.assertEqual(labels, {
            "version": version,
            "revision": output_of("git", "rev-parse", "HEAD")
            + ("-dirty" if output_of("git", "status", "--porcelain") else ""),
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ")})
        self.assertEqual(self.description["created"], labels["created"])

    def test_is_small(self):
        size = sum(path.lstat().st_size for path in self.files.values())

        print(f"the image has {size / 1e6:.1f} MB", flush=True)
        self.assertLess(size, MAX_BYTES)

    def test_nothing_else_can_be_run(self):
        libraries = r"usr/lib/[a-z0-9_]+-linux-gnu/[^/]+\.so[.0-9]*"
        programs = {name for name, path in self.files.items()
                    if path.stat().st_mode & 0o111 and not re.fullmatch(libraries, name)}

        self.assertEqual(programs, PROGRAMS)

    def test_nobody_but_root_can_change_it(self):
        for name, path in self.paths.items():
            status = path.lstat()
            self.assertEqual((status.st_uid, status.st_gid), (0, 0), name)
            if not path.is_symlink():
                forbidden = stat.S_ISUID | stat.S_ISGID | stat.S_IWGRP | stat.S_IWOTH
                self.assertEqual(status.st_mode & forbidden, 0, name)

    def test_every_file_is_ours_or_as_debian_made_it(self):
        checksums = self.checksums()

        for name, path in self.files.items():
            if name in checksums:
                self.assertEqual(hashlib.md5(path.read_bytes()).hexdigest(), checksums[name], name)
        unexplained = {name for name in self.files.keys() - checksums.keys() - MADE_HERE
                       if not name.startswith("var/lib/dpkg/status.d/")}
        # Configuration, which Debian lists apart.
        self.assertEqual(unexplained, {"etc/debian_version", "etc/ssl/openssl.cnf"})

    def test_every_library_is_needed(self):
        [loader] = self.root.glob("lib64/ld-linux*")
        listed = "".join(output_of("chroot", str(self.root), f"/lib64/{loader.name}", "--list",
                                   f"/{program}") for program in PROGRAMS)

        self.assertNotIn("not found", listed)
        self.assertEqual({(self.root / name).resolve().name
                          for name in re.findall(r"/(\S+) \(0x", listed)},
                         {path.name for name, path in self.files.items() if ".so" in name})

    def test_lists_of_packages_agree(self):
        listed = [line.split() for line in
                  read(self.root, "usr/share/balance/packages.txt").splitlines()]
        contained = [(package["name"], package["versionInfo"])
                     for package in self.contained().values()]
        stanzas = [path.read_text() for path in (self.root / "var/lib/dpkg/status.d").iterdir()
                   if path.suffix != ".md5sums"]

        self.assertGreater(len(listed), 20)
        self.assertEqual(sorted(listed), listed)
        self.assertEqual([(name, version) for name, version, _ in listed], contained)
        self.assertEqual(
            sorted(re.search(r"^Package: (\S+)\n(?:.*\n)*?Version: (\S+)", text).groups()
                   for text in stanzas), contained)
        for name, _, _ in listed:
            self.assertIn(f"usr/share/doc/{name}", self.paths)

    def test_sbom_covers_what_is_in_it(self):
        sums = {file["fileName"].removeprefix("./"): file["checksums"][1]["checksumValue"]
                for file in self.sbom["files"]}
        names = {package["name"] for package in self.sbom["packages"]}
        ids = [item["SPDXID"] for item in self.sbom["packages"] + self.sbom["files"]]

        self.assertEqual(self.sbom["spdxVersion"], "SPDX-2.3")
        self.assertEqual(sums, {name: hashlib.sha256(self.files[name].read_bytes()).hexdigest()
                                for name in PROGRAMS})
        # Shared, and compiled in.
        self.assertLessEqual({"libc6", "libcurl4", "libgrpc++1.51", "libssl3", "libboost1.81-dev",
                              "nlohmann-json3-dev"}, names)
        self.assertEqual(len(ids), len(set(ids)))
        for link in self.sbom["relationships"]:
            self.assertLessEqual({link["spdxElementId"], link["relatedSpdxElement"]},
                                 {"SPDXRef-DOCUMENT", *ids})
        self.assertEqual((OUTPUT / "balance-service.spdx.json").read_text(),
                         read(self.root, "usr/share/balance/sbom.spdx.json"))

    def test_tells_nothing_of_where_it_was_built(self):
        sources = output_of("apt-get", "indextargets", "--format", "$(REPO_URI)",
                            "Created-By: Packages").splitlines()
        proxies = re.findall(r'^Acquire::[^"]*proxy[^"]* "(.+)";$', output_of("apt-config", "dump"),
                             re.MULTILINE | re.IGNORECASE)
        traces = re.compile(b"|".join(re.escape(text.encode())
                                      for text in {*sources, *proxies, str(SOURCE_DIR)}))

        self.assertFalse([name for name in self.paths if name.startswith(("etc/apt", "root", "src"))])
        self.assertEqual([variable.split("=")[0] for variable in self.config["Env"]], ["PATH"])
        self.assertIsNone(traces.search(json.dumps(self.description).encode()))
        for name, path in self.files.items():
            # Authors of licences mention addresses.
            if not name.endswith("/copyright"):
                self.assertIsNone(traces.search(path.read_bytes()), name)

    def test_holds_no_secret(self):
        # GnuTLS tests itself with keys of its own.
        for name in self.files.keys() - self.checksums().keys():
            self.assertIsNone(SECRETS.search(self.files[name].read_bytes()), name)
        self.assertIsNone(SECRETS.search(json.dumps(self.description).encode()))


class ConfinedImageTest(unittest.TestCase):
    """What runs in the image, in one confined root for all tests."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        archive = OciArchive(OUTPUT / "balance-service.tar")
        cls.config = archive.description["config"]
        folder = cls.folder / "root"
        archive.extract(folder)
        cls.bundle = cls.folder / "bundle.pem"
        cls.bundle.write_bytes((folder / "etc/ssl/certs/ca-certificates.crt").read_bytes())
        cls.root = ConfinedRoot(folder, cls.config["User"])
        cls.addClassCleanup(subprocess.run, ["umount", "--recursive", folder], check=True)

    def environment(self, **more: str) -> dict[str, str]:
        return dict(variable.split("=", 1) for variable in self.config["Env"]) | more

    def start_service(self, *flags: str, **variables: str) -> Program:
        program = Program(self.root.command(*self.config["Entrypoint"], *flags),
                          self.folder / "service.log", self.environment(**variables))
        self.addCleanup(program.kill)
        return program

    def balancectl(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            self.root.command("/usr/local/bin/balancectl", *arguments, "--server", GRPC),
            env=self.environment(), text=True, capture_output=True, timeout=30)

    def start_serving(self, **variables: str) -> Program:
        program = self.start_service(BALANCE_LISTEN=GRPC, BALANCE_ADMIN_LISTEN=ADMIN,
                                     BALANCE_DRAIN_DELAY="0s", **variables)
        program.wait_for(lambda: self.balancectl("health").returncode == 0, "that it is healthy")
        return program

    def test_answers_completely_and_stops_when_told_to(self):
        sandbox = Sandbox(self.folder)
        self.addCleanup(sandbox.program.kill)
        service = self.start_serving(**sandbox.environment)

        result = self.balancectl("get", "--max-age", "0s", "--output", "json")

        self.assertEqual(result.returncode, 0, result)
        snapshot = json.loads(result.stdout)
        self.assertTrue(snapshot["completeness"]["complete"])
        self.assertEqual([source["state"] for source in snapshot["sources"]], ["FRESH", "FRESH"])
        service.stop()

    def test_holds_no_privilege(self):
        service = self.start_serving(POLYSIM_API_KEY="ps_live_" + "0" * 64,
                                     POLYSIM_BASE_URL="http://127.0.0.1:9")
        lines = Path(f"/proc/{service.process.pid}/status").read_text().splitlines()
        status = dict(line.split(":\t", 1) for line in lines)

        self.assertEqual(status["Uid"].split(), ["65532"] * 4)
        self.assertEqual(status["Gid"].split(), ["65532"] * 4)
        self.assertEqual(status["Groups"].strip(), "")
        self.assertEqual((int(status["CapEff"], 16), int(status["CapPrm"], 16)), (0, 0))
        self.assertEqual(status["NoNewPrivs"], "1")
        with self.assertRaises(OSError) as caught:
            (Path(f"/proc/{service.process.pid}/root") / "written").touch()
        self.assertEqual(caught.exception.errno, errno.EROFS)
        service.stop()

    def test_finds_venues_by_name_and_trusts_the_system_s_authorities(self):
        certificate = make_certificate(self.folder, "venue.test")
        venue = VenueByName(certificate)
        credentials = {"POLYSIM_API_KEY": "ps_live_" + "0" * 64,
                       "POLYSIM_BASE_URL": "https://venue.test"}
        stranger = self.start_serving(**credentials)
        refused = self.balancectl("get", "--max-age", "0s")
        stranger.stop()
        self.assertIn("the TLS certificate was not accepted", refused.stderr)
        self.assertEqual(venue.requests, [])

        self.bundle.write_bytes(self.bundle.read_bytes() + certificate.read_bytes())
        self.root.put(self.bundle, "/etc/ssl/certs/ca-certificates.crt")
        service = self.start_serving(**credentials)
        self.balancectl("get", "--max-age", "0s")

        poll_until(lambda: venue.requests, "a request at the venue")
        self.assertIn("host: venue.test", venue.requests[0].lower())
        service.stop()

    def test_by_default_reads_the_mounted_configuration(self):
        service = self.start_service(*self.config["Cmd"])

        self.assertEqual(service.wait(), CONFIGURATION_ERROR)
        self.assertIn("/etc/balance/config/config.yaml", service.output())


def build() -> None:
    """Skips all if what builds images, or runs them confined, cannot be had."""
    if reason := why_not():
        skip(reason)
    installed = subprocess.run([SOURCE_DIR / "dev", "install", "image"], text=True,
                               stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if installed.returncode != 0:
        skip(installed.stderr.strip().splitlines()[-1])
    # Without the unit tests of its own: `./dev test` runs the same ones, of the same sources. If it
    # compiles, it takes the time that other tests leave.
    subprocess.run(["nice", "-n", "19", SOURCE_DIR / "dev", "image", "--build-arg", "TESTS="], check=True,
                   env=clean_environment(), stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT)


def main() -> None:
    confined = "--confined"
    if confined not in sys.argv:
        build()
        os.execvp("unshare", ["unshare", "--mount", "--net", sys.executable, __file__, confined,
                              *sys.argv[1:]])
    sys.argv.remove(confined)
    raise_loopback()
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
