"""`./dev run` shows a snapshot, stays up, and leaves nothing behind however it ends."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import BIN_DIR, SOURCE_DIR, Program, clean_environment, poll_until

# The last line that `./dev run` prints before it waits.
READY = "Ctrl-C stops it all."
ANY_PORT = "127.0.0.1:0"


def program_of(process_id: str) -> Path:
    """What the process runs; the empty path if it has ended."""
    try:
        return Path(Path(f"/proc/{process_id}/cmdline").read_text().split("\0")[0])
    except (FileNotFoundError, ProcessLookupError):
        return Path()


class HeldUpCommand:
    """A command that stops at its beginning, for whoever has `path` as the PATH."""

    def __init__(self, folder: Path, command: str):
        folder.mkdir()
        self._begun, self._go = folder / "begun", folder / "go"
        stand_in = folder / command
        stand_in.write_text(f'''#!/bin/sh
: >"{self._begun}"
until [ -e "{self._go}" ]; do sleep 0.02; done
exec {shutil.which(command)} "$@"
''')
        stand_in.chmod(0o755)
        self.path = f"{folder}:{os.environ['PATH']}"

    def has_begun(self) -> bool:
        return self._begun.exists()

    def go_on(self) -> None:
        self._go.touch()


class DevRunTest(unittest.TestCase):

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()

    def dev_run(self, *arguments: str, **changes: str) -> Program:
        settings = {"BALANCE_LISTEN": ANY_PORT, "BALANCE_ADMIN_LISTEN": ANY_PORT,
                    "TMPDIR": str(self.temporary)}
        program = Program([SOURCE_DIR / "dev", "run", *arguments], self.folder / "dev.log",
                          clean_environment() | settings | changes)
        self.addCleanup(program.kill)
        return program

    def ready_dev_run(self, *arguments: str, **changes: str) -> Program:
        program = self.dev_run(*arguments, **changes)
        program.wait_for(lambda: READY in program.output(), "the snapshot")
        return program

    def processes(self, program: Program) -> dict[str, int]:
        """Name and process id of those of our programs that `./dev run` started and that still
        live. Beside them the shell has commands that come and go, such as `sleep`."""
        parent = program.process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        programs = {program_of(child): int(child) for child in children}
        return {path.name: child for path, child in programs.items() if path.parent == BIN_DIR}

    def redis_of(self, program: Program) -> int:
        """The process id that `./dev run` prints, of a process that is Redis."""
        [redis] = re.findall(r"kill -STOP (\d+)", program.output())
        # Behind its name it says where it listens.
        self.assertTrue(program_of(redis).name.startswith("redis-server"))
        return int(redis)

    def assert_nothing_left(self, program: Program, exit_code: int):
        self.assertEqual(program.wait(), exit_code, program.output())
        self.assertEqual(list(self.temporary.iterdir()), [])

    def test_prints_the_snapshot_and_what_to_try_next(self):
        program = self.ready_dev_run()

        output = program.output()
        for text in ("accounts/default", "polymarket-us", "polysimulator", "FRESH",
                     "grpcurl -plaintext -d '{}' 127.0.0.1:", "/v1/polymarket/unplug"):
            self.assertIn(text, output)
        program.signal_group(signal.SIGINT)
        self.assert_nothing_left(program, exit_code=0)

    def test_the_printed_lines_work(self):
        program = self.ready_dev_run()
        output = program.output()
        [unplug] = re.findall(r"curl -X POST (\S+/polymarket/unplug)", output)
        [server] = re.findall(r"get --server (\S+) --max-age 0s", output)

        subprocess.run(["curl", "-sf", "-X", "POST", unplug], check=True, capture_output=True)
        result = subprocess.run([BIN_DIR / "balancectl", "get", "--server", server,
                                 "--max-age", "0s"], text=True, capture_output=True)

        self.assertEqual(result.returncode, 2, result)
        self.assertIn("SOURCE_UNREACHABLE", result.stdout)
        program.signal_group(signal.SIGINT)
        self.assert_nothing_left(program, exit_code=0)

    def test_with_push_a_change_is_shown_long_before_the_ttl_ends(self):
        program = self.ready_dev_run("push")
        output = program.output()
        [move] = re.findall(r"curl -X POST (\S+/money/move)", output)
        [server] = re.findall(r"get --server (\S+) --max-age 0s", output)

        def feeds() -> str:
            return subprocess.run([BIN_DIR / "balancectl", "sources", "--server", server], text=True,
                                  capture_output=True).stdout

        poll_until(lambda: len(re.findall(r"\bPUSH\b", feeds())) == 2, "both sockets")
        watch = Program([BIN_DIR / "balancectl", "watch", "--server", server, "--output", "json"],
                        self.folder / "watch.log", clean_environment())
        self.addCleanup(watch.kill)
        watch.wait_for(lambda: '"heartbeat"' in watch.output(), "the initial state")
        subprocess.run(["curl", "-sf", "-X", "POST", move], check=True, capture_output=True)

        watch.wait_for(lambda: "PUSH_HINT" in watch.output(), "the change")
        program.signal_group(signal.SIGINT)
        self.assert_nothing_left(program, exit_code=0)

    def test_replicas_with_one_voice_to_each_upstream(self):
        program = self.ready_dev_run("--replicas", "3")
        servers = re.findall(r"balance-service-\d serves gRPC on (\S+) and", program.output())

        self.assertEqual(len(set(servers)), 3)
        for server in servers:
            # A refresh may be late on a busy machine.
            poll_until(lambda: "COMPLETE" in subprocess.run(
                [BIN_DIR / "balancectl", "get", "--server", server], text=True,
                capture_output=True).stdout, f"all figures of {server}")
        program.wait_for(lambda: self.one_voice(program.output()),
                         "ten seconds with one request a TTL", seconds=90)
        program.signal_group(signal.SIGINT)
        self.assert_nothing_left(program, exit_code=0)

    def one_voice(self, output: str) -> bool:
        """Whether a line tells of about one request a TTL to either upstream, and not of one for each
        replica. Watchers have a reading refreshed a little before its end."""
        for line in re.findall(r"^In (\S+) s, with a TTL of (\d+) s, all 3 replicas together asked:"
                               r" polymarket (\d+), polysimulator (\d+)\.$", output, re.MULTILINE):
            elapsed, ttl, *counts = map(float, line)
            if all(1 <= count <= 1.5 * elapsed / ttl + 1 for count in counts):
                return True
        return False

    def test_replicas_go_on_while_redis_is_frozen(self):
        program = self.ready_dev_run("--replicas", "2")
        server = re.findall(r"serves gRPC on (\S+) and", program.output())[1]

        os.kill(self.redis_of(program), signal.SIGSTOP)

        self.await_new_readings(server)
        program.signal_group(signal.SIGINT)
        self.assert_nothing_left(program, exit_code=0)

    def test_replicas_outlive_their_redis_and_meet_in_the_next_one(self):
        program = self.ready_dev_run("--replicas", "2")
        server = re.findall(r"serves gRPC on (\S+) and", program.output())[1]

        os.kill(self.redis_of(program), signal.SIGKILL)
        program.wait_for(lambda: "Redis has ended" in program.output(), "word of it")
        poll_until(lambda: "away" in self.sources(server), "logins that are not shared")
        self.await_new_readings(server)
        [dev] = re.findall(r"To start it again: kill -USR1 (\d+)", program.output())
        os.kill(int(dev), signal.SIGUSR1)

        poll_until(lambda: "away" not in self.sources(server), "logins that are shared again")
        program.signal_group(signal.SIGINT)
        self.assert_nothing_left(program, exit_code=0)

    def await_new_readings(self, server: str):
        """One source at a time: without Redis they are read further apart than the TTL is long, so both are
        never fresh at once if their turns are half a period apart."""
        for source in ("polymarket-us", "polysimulator"):
            # What is asked for has to be newer than the question.
            poll_until(lambda: subprocess.run(
                [BIN_DIR / "balancectl", "get", "--server", server, "--source", source, "--max-age", "0s"],
                capture_output=True).returncode == 0, f"a new reading of {source} without Redis")

    def sources(self, server: str) -> str:
        return subprocess.check_output([BIN_DIR / "balancectl", "sources", "--server", server],
                                       text=True)

    def test_replicas_follow_push_too(self):
        program = self.ready_dev_run("push", "--replicas", "2")

        self.assertIn("FRESH", program.output())
        program.signal_group(signal.SIGINT)
        self.assert_nothing_left(program, exit_code=0)

    def test_the_number_of_replicas_is_checked(self):
        for number in ("0", "10", "many", ""):
            program = self.dev_run("--replicas", number)

            self.assert_nothing_left(program, exit_code=1)
            self.assertIn("--replicas takes a number from 1 to 9", program.output())

    def test_takes_no_other_word(self):
        program = self.dev_run("posh")

        self.assert_nothing_left(program, exit_code=1)
        self.assertIn("takes nothing, or the word push", program.output())

    def test_ends_on_each_signal(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            program = self.ready_dev_run()

            program.process.send_signal(number)

            self.assert_nothing_left(program, exit_code=0)

    def test_killed_outright_it_takes_its_children_along(self):
        program = self.ready_dev_run()

        program.process.kill()

        self.assertEqual(program.wait(), -signal.SIGKILL)

    def test_says_which_child_ended(self):
        for name in ("balance-service", "upstream-sandbox"):
            program = self.ready_dev_run()

            os.kill(self.processes(program)[name], signal.SIGKILL)

            self.assert_nothing_left(program, exit_code=1)
            self.assertIn(f"{name} has stopped by itself", program.output())

    def test_notices_a_child_that_ended_while_the_shell_was_busy(self):
        for name in ("balance-service", "upstream-sandbox"):
            # Prints the next steps, the last that is done before the shell waits.
            cat = HeldUpCommand(self.folder / f"without-{name}", "cat")
            program = self.dev_run(PATH=cat.path)
            program.wait_for(cat.has_begun, "the next steps")
            child = self.processes(program)[name]

            os.kill(child, signal.SIGKILL)
            poll_until(lambda: not Path(f"/proc/{child}").exists(), f"that {name} is reaped")
            cat.go_on()

            self.assert_nothing_left(program, exit_code=1)
            self.assertIn(f"{name} has stopped by itself", program.output())

    def test_a_port_in_use_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            for variable in ("BALANCE_LISTEN", "BALANCE_ADMIN_LISTEN"):
                program = self.dev_run(**{variable: address})

                self.assert_nothing_left(program, exit_code=1)
                self.assertIn(address, program.output())

    def test_with_credentials_it_uses_the_real_upstreams(self):
        program = self.ready_dev_run(POLYSIM_API_KEY="ps_live_" + "0" * 64,
                                     POLYSIM_BASE_URL="http://127.0.0.1:9")

        self.assertEqual(set(self.processes(program)), {"balance-service"})
        self.assertNotIn("unplug", program.output())
        program.signal_group(signal.SIGINT)
        self.assert_nothing_left(program, exit_code=0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
