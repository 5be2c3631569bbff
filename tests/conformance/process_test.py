"""The life of the balance-service process: flags, exit codes, signals, a port in use."""

import base64
import contextlib
import os
import re
import signal
import subprocess
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

from harness import BIN_DIR, Program, StackTest, clean_environment, http_get, poll_until

USAGE, UNAVAILABLE, CONFIGURATION, CHECK_FAILED = 64, 69, 78, 1


def may_look_into_what_cannot_be_dumped() -> bool:
    """Root in a container mostly may not."""
    cap_sys_ptrace = 19
    [effective] = re.findall(r"^CapEff:\t([0-9a-f]+)$", Path("/proc/self/status").read_text(), re.M)
    return bool(int(effective, 16) >> cap_sys_ptrace & 1)


class ProcessTest(StackTest):

    def run_service(self, *flags, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run([BIN_DIR / "balance-service", *flags], text=True, timeout=30,
                              capture_output=True, stdin=subprocess.DEVNULL,
                              env=clean_environment() | environment)

    def write_config(self, drain_delay: str = "60s", **secrets: str) -> str:
        """A configuration file for the sandbox, whose secrets are in files. It has time for a slow
        upstream."""
        environment = self.sandbox.environment
        paths = {}
        for name, content in {"key-id": environment["POLYMARKET_KEY_ID"],
                              "secret-key": environment["POLYMARKET_SECRET_KEY"],
                              **secrets}.items():
            paths[name] = self.folder / name
            paths[name].touch(mode=0o600)
            paths[name].write_text(content)
        config = self.folder / "config.yaml"
        config.write_text(f"""
listen: 127.0.0.1:0
admin_listen: 127.0.0.1:0
server: {{drain_delay: {drain_delay}}}
accounts:
- id: desk-1
  sources:
  - id: polymarket-us
    fund_class: REAL_MONEY
    polymarket_us:
      base_url: {environment["POLYMARKET_BASE_URL"]}
      key_id: {{file: {paths["key-id"]}}}
      secret_key: {{file: {paths["secret-key"]}}}
cache: {{min_refresh_interval: 0.001s}}
upstream:
  requests_per_second: 100
  burst: 100
  attempt_timeout: 60s
  refresh_budget: 60s
""")
        return str(config)

    def start_configured(self, config: str, **options) -> tuple[Program, dict[str, str]]:
        ports_file = self.folder / "configured.ports"
        ports_file.unlink(missing_ok=True)
        program = Program([BIN_DIR / "balance-service", "--config", config, "--ports-file",
                           ports_file], self.folder / "configured.log", clean_environment(), **options)
        self.addCleanup(program.kill)
        program.wait_for(ports_file.exists, "the ports file")
        return program, dict(line.split("=") for line in ports_file.read_text().splitlines())

    def read_anew(self, server: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [BIN_DIR / "balancectl", "get", "--max-age", "0s", "--max-stale", "0s", "--server",
             server], text=True, timeout=30, capture_output=True, env=clean_environment())

    def test_help_and_version_need_no_configuration(self):
        for flag in ("--help", "--version"):
            result = self.run_service(flag)

            self.assertEqual(result.returncode, 0)
            self.assertIn("balance-service", result.stdout)

    def test_unknown_flags_are_usage_errors(self):
        for flags in (("--nonsense",), ("--config",), ("--config=",), ("serve",)):
            result = self.run_service(*flags)

            self.assertEqual(result.returncode, USAGE, flags)
            self.assertIn("--help", result.stderr)

    def test_no_configuration_is_one_clear_line(self):
        result = self.run_service()

        self.assertEqual(result.returncode, CONFIGURATION)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertIn("--config", result.stderr)
        self.assertIn("POLYSIM_API_KEY", result.stderr)

    def test_check_config_tells_all_mistakes_and_start_the_first(self):
        config = self.folder / "wrong.yaml"
        config.write_text("lisen: 127.0.0.1:1\naccounts: []\ncache: {ttl: 2}\n")

        check = self.run_service("--config", config, "--check-config")
        start = self.run_service("--config", config)

        self.assertEqual(check.returncode, CHECK_FAILED)
        for part in (f"{config}:1: lisen", "listen", f"{config}:3: cache.ttl", "2s"):
            self.assertIn(part, check.stderr)
        self.assertEqual(start.returncode, CONFIGURATION)
        self.assertEqual(start.stderr.count("\n"), 1, start.stderr)
        self.assertIn("--check-config", start.stderr)

    def test_a_good_configuration_passes_the_check(self):
        result = self.run_service("--config", self.write_config(), "--check-config")

        self.assertEqual(result.returncode, 0, result.stderr)

    def test_what_is_hardly_meant_is_a_warning_at_the_check_and_at_the_start(self):
        seed = base64.b64decode(self.sandbox.environment["POLYMARKET_SECRET_KEY"])[:32]
        config = self.write_config("0s", **{"secret-key": base64.b64encode(seed * 2).decode()})

        check = self.run_service("--config", config, "--check-config")
        program, ports = self.start_configured(config)
        read = self.read_anew(ports["grpc"])

        self.assertEqual(check.returncode, 0, check.stderr)
        self.assertIn("secret_key: holds its seed twice", check.stderr)
        self.assertTrue(check.stderr.startswith("warning: "), check.stderr)
        self.assertIn("secret_key: holds its seed twice", program.output())
        self.assertEqual(read.returncode, 0, read.stderr)
        program.stop()

    def test_closed_standard_descriptors_are_not_taken_by_sockets(self):
        def close_them():
            for descriptor in range(3):
                os.close(descriptor)

        program, ports = self.start_configured(self.write_config("0s"), preexec_fn=close_them)
        read = self.read_anew(ports["grpc"])

        self.assertEqual(read.returncode, 0, read.stderr)
        for descriptor in range(3) if may_look_into_what_cannot_be_dumped() else ():
            self.assertEqual(os.readlink(f"/proc/{program.process.pid}/fd/{descriptor}"),
                             "/dev/null")
        program.stop()

    def test_a_port_in_use_stops_the_start(self):
        for name, address in (("BALANCE_LISTEN", self.service.grpc_address),
                              ("BALANCE_ADMIN_LISTEN",
                               self.service.admin_url.removeprefix("http://"))):
            settings = {"BALANCE_LISTEN": "127.0.0.1:0", "BALANCE_ADMIN_LISTEN": "127.0.0.1:0",
                        name: address}
            result = self.run_service(**self.sandbox.environment, **settings)

            self.assertEqual(result.returncode, UNAVAILABLE, result.stderr)
            self.assertIn(address, result.stderr)
            self.assertIn("in use", result.stderr)

    def test_its_memory_can_neither_be_dumped_nor_be_looked_into(self):
        # The kernel gives the files of what may not be dumped to root and root's group.
        other_group = {"group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        program, _ = self.start_configured(self.write_config("0s"), **other_group)
        folder = Path(f"/proc/{program.process.pid}")

        self.assertRegex((folder / "limits").read_text(), r"Max core file size +0 +0 ")
        owner = (folder / "environ").stat()
        self.assertEqual((owner.st_uid, owner.st_gid), (0, 0))
        program.stop()

    def test_a_drain_withdraws_readiness_serves_on_and_ends_at_the_second_signal(self):
        program, ports = self.start_configured(self.write_config())
        program.process.send_signal(signal.SIGTERM)

        def is_withdrawn():
            try:
                http_get(f"http://{ports['admin']}/readyz")
            except urllib.error.HTTPError as error:
                return error.code == 503
            return False

        poll_until(is_withdrawn, "the withdrawal of readiness")
        self.assertEqual(self.read_anew(ports["grpc"]).returncode, 0)
        begin = time.monotonic()
        program.process.send_signal(signal.SIGTERM)

        self.assertEqual(program.wait(), 0)
        self.assertLess(time.monotonic() - begin, 10)

    def start_with_a_call_under_way(self, drain_delay: str) -> Program:
        """A service with a caller whose answer never comes."""
        program, ports = self.start_configured(self.write_config(drain_delay))
        faults = "/v1/polymarket/faults"
        self.sandbox.control("DELETE", "/v1/polymarket/counters")
        self.sandbox.control("POST", faults, {"kind": "hang", "count": 0})
        self.addCleanup(self.sandbox.control, "DELETE", faults)
        caller = Program([BIN_DIR / "balancectl", "get", "--max-age", "0s", "--timeout", "60s",
                          "--server", ports["grpc"]], self.folder / "caller.log",
                         clean_environment())
        self.addCleanup(caller.kill)
        poll_until(lambda: self.sandbox.control("GET", "/v1/polymarket/counters")["in_flight"],
                   "the call's request")
        return program

    def test_the_second_signal_ends_drain_and_stop_at_once(self):
        for drain_delay, phase in (("0s", "stopping"), ("60s", "draining")):
            with self.subTest(phase):
                program = self.start_with_a_call_under_way(drain_delay)
                program.process.send_signal(signal.SIGTERM)
                program.wait_for(lambda: phase in program.output(), phase)

                begin = time.monotonic()
                program.process.send_signal(signal.SIGTERM)

                self.assertEqual(program.wait(), 0)
                self.assertLess(time.monotonic() - begin, 3)
                self.assertIn("a second time", program.output())

    def test_a_stop_waits_for_calls_but_not_for_ever(self):
        program = self.start_with_a_call_under_way("0s")

        begin = time.monotonic()
        program.process.send_signal(signal.SIGTERM)

        self.assertEqual(program.wait(), 0)
        self.assertGreater(time.monotonic() - begin, 3)

    def test_a_pipe_for_a_configuration_is_refused(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)

        result = self.run_service("--config", pipe, "--check-config")

        self.assertEqual(result.returncode, CHECK_FAILED)
        self.assertIn(f"{pipe}: the file is not a regular file", result.stderr)

    def test_a_check_that_waits_can_be_interrupted(self):
        for flag in ("--check-config", "--print-config"):
            with self.subTest(flag), self.full_pipe() as output:
                process = subprocess.Popen(
                    [BIN_DIR / "balance-service", "--config", self.write_config(), flag],
                    stdout=output, stdin=subprocess.DEVNULL, env=clean_environment())
                self.addCleanup(process.kill)
                status = Path(f"/proc/{process.pid}/status")
                poll_until(lambda: "State:\tS" in status.read_text(), "the writing of the output")

                process.send_signal(signal.SIGTERM)

                self.assertEqual(process.wait(10), -signal.SIGTERM)

    @contextlib.contextmanager
    def full_pipe(self):
        """The writing end of a pipe that nobody reads."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, bytes(4096))
        os.set_blocking(writer, True)
        try:
            yield writer
        finally:
            os.close(reader)
            os.close(writer)

    def test_a_bad_secret_on_sighup_never_stops_the_service(self):
        config = self.write_config()
        program, ports = self.start_configured(config)
        self.assertEqual(self.read_anew(ports["grpc"]).returncode, 0)

        self.write_config(**{"secret-key": "not base64 of any key"})
        program.process.send_signal(signal.SIGHUP)
        program.wait_for(lambda: "all stays as it was" in program.output(), "the refusal")
        self.assertEqual(self.read_anew(ports["grpc"]).returncode, 0)

        self.write_config(**{"key-id": "00000000-0000-4000-8000-000000000000"})
        program.process.send_signal(signal.SIGHUP)
        program.wait_for(lambda: "1 changed" in program.output(), "the reload")
        self.assertEqual(self.read_anew(ports["grpc"]).returncode, 0)
        program.wait_for(lambda: "rejects the new credential" in program.output(), "the alarm")
        metrics = http_get(f"http://{ports['admin']}/metrics")
        self.assertIn('balance_sources_on_previous_credential{kind="POLYMARKET_US"} 1', metrics)

        self.write_config()
        program.process.send_signal(signal.SIGHUP)
        poll_until(lambda: self.read_anew(ports["grpc"]).returncode == 0, "the good key")
        metrics = http_get(f"http://{ports['admin']}/metrics")
        self.assertIn('balance_sources_on_previous_credential{kind="POLYMARKET_US"} 0', metrics)
        self.assertIn('balance_reloads_total{result="OK"} 2', metrics)
        self.assertIn('balance_reloads_total{result="REJECTED"} 1', metrics)


if __name__ == "__main__":
    unittest.main()
