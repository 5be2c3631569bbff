"""Each command in README.md and docs/ works as it stands there, or says why it is not run here; each
whole source in C++ compiles.

The commands of a document run one after the other in a folder of its own, in which the programs and
files of the repository are where they would be after `./dev build`. Ports, upstreams and places on
the disk are those of the test.
"""

import contextlib
import re
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

import external_tools
from document_commands import Block, Command, blocks_of, documents
from harness import (BIN_DIR, DEADLINE_SECONDS, SOURCE_DIR, Program, SandboxTest, clean_environment,
                     read_assignments)

GRPCURL = external_tools.require("grpcurl")
MARKS = {"", "not run", "file", "served by"}
# Blocks in the languages of a shell would be commands that nobody looks at.
SHELLS = {"sh", "bash", "shell", "zsh", "shellsession"}
# The code on this page is that of programs which are tests of their own.
PAGE_OF_PROGRAMS = "calling.md"
# Exit codes of the shell when what runs in it is interrupted: the program may end well, and balancectl
# says by 2 that it has not seen all sources yet.
INTERRUPTED = (0, 2, -signal.SIGINT, 128 + signal.SIGINT)
# How soon an end follows the words that tell why.
ENDS_BY_ITSELF_SECONDS = 0.5
# Where the build leaves the headers of balance.v1.
GENERATED_HEADERS = BIN_DIR.parent / "proto/generated"
GRPC, ADMIN = "127.0.0.1:50051", "127.0.0.1:9464"
# The service that `./dev run` would start, but for the TTL: what was read stays FRESH, however slow
# the machine is.
CONFIG = f"""
listen: {GRPC}
admin_listen: {ADMIN}
server: {{drain_delay: 0s}}
cache: {{ttl: 600s}}
accounts:
- id: default
  sources:
  - id: polymarket-us
    polymarket_us:
      base_url: https://api.polymarket.us
      key_id: {{env: POLYMARKET_KEY_ID}}
      secret_key: {{env: POLYMARKET_SECRET_KEY}}
  - id: polysimulator
    polysimulator:
      base_url: https://api.polysimulator.com
      api_key: {{env: POLYSIM_API_KEY}}
"""
# The files of a login that the documents place below /etc/balance, and what is in them.
LOGIN_FILES = {"polymarket-us-key-id": "POLYMARKET_KEY_ID",
               "polymarket-us-secret": "POLYMARKET_SECRET_KEY",
               "polysimulator-key": "POLYSIM_API_KEY"}


def say_where(block: Block, command: Command, output: str, why: str) -> str:
    return f"{block}: {why}:\n$ {command.text}\n{output}"


class Workshop:
    """The folder in which the commands of one document run."""

    def __init__(self, folder: Path, environment: dict[str, str]):
        self.folder = folder
        self._upstreams = environment
        for name in ("proto", "clients", "tests", "k8s", "dev"):
            (folder / name).symlink_to(SOURCE_DIR / name)
        (folder / "variables").touch()
        (folder / "build").mkdir()
        (folder / "build/bin").symlink_to(BIN_DIR)
        login = folder / "etc/balance/desk-1"
        login.mkdir(parents=True)
        for name, variable in LOGIN_FILES.items():
            (login / name).touch(mode=0o600)
            (login / name).write_text(environment[variable])

    def write(self, name: str, text: str) -> None:
        """A file as a document has it, with the places of the test."""
        text = text.replace(GRPC, "127.0.0.1:0").replace(ADMIN, "127.0.0.1:0")
        text = text.replace("/etc/balance/", f"{self.folder}/etc/balance/")
        text = text.replace("https://api.polymarket.us", self._upstreams["POLYMARKET_BASE_URL"])
        text = text.replace("https://api.polysimulator.com", self._upstreams["POLYSIM_BASE_URL"])
        # Off the venue's production it has to be said whether the money is real.
        text = re.sub(r"^( +)polymarket_us:", r"\1fund_class: REAL_MONEY\n\1polymarket_us:", text,
                      flags=re.MULTILINE)
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(text)

    def serve(self, config: str) -> tuple[Program, str, str]:
        """A service with this file of before, and its two addresses."""
        ports = self.folder / f"{config}.ports"
        ports.unlink(missing_ok=True)
        program = Program([BIN_DIR / "balance-service", "--config", config, "--ports-file", ports],
                          self.folder / f"{config}.log", clean_environment() | self._upstreams,
                          cwd=self.folder)
        program.wait_for(ports.exists, "the ports file")
        addresses = read_assignments(ports)
        return program, addresses["grpc"], addresses["admin"]

    def start(self, command: Command, grpc: str, admin: str) -> Program:
        """The command in a shell that knows the variables which commands before it have set."""
        text = command.text.replace(GRPC, grpc).replace(ADMIN, admin)
        text = text.replace("/etc/balance/", f"{self.folder}/etc/balance/")
        if match := re.match(r"(\w+)=", text):
            text += f"\ndeclare -p {match[1]} >>variables"
        environment = clean_environment() | self._upstreams | {"BALANCE_SERVER": grpc}
        environment["PATH"] = f"{BIN_DIR}:{GRPCURL}:{environment['PATH']}"
        return Program(["bash", "-c", f"set -o pipefail; source ./variables\n{text}\n"],
                       self.folder / "command.log", environment, cwd=self.folder)


class DocumentCommandsTest(SandboxTest):

    def test_marks_are_known_and_give_reasons(self):
        for block in self.blocks():
            self.assertIn(block.mark, MARKS, block)
            if block.document.name != PAGE_OF_PROGRAMS:
                self.assertNotIn(block.language, SHELLS, f"{block}: write it as console")
            if block.language == "console":
                self.assertTrue(block.commands, f"{block}: no line begins with $")
            if block.mark == "not run":
                print(f"{block}: not run: {block.about}")

    def test_commands_do_as_they_say(self):
        for document in documents(SOURCE_DIR):
            with tempfile.TemporaryDirectory() as folder:
                workshop = Workshop(Path(folder), self.sandbox.environment)
                workshop.write("usual.yaml", CONFIG)
                for block in blocks_of(document):
                    with self.subTest(str(block)):
                        self.try_block(workshop, block)

    def test_whole_sources_compile(self):
        sources = [block for block in self.blocks()
                   if block.language == "cpp" and block.text.startswith("#include")]
        self.assertTrue(sources)
        for block in sources:
            with self.subTest(str(block)):
                result = subprocess.run(
                    ["g++", "-std=c++20", "-Wall", "-Wextra", "-fsyntax-only", "-x", "c++",
                     "-isystem", GENERATED_HEADERS, "-"],
                    input=block.text, text=True, capture_output=True)
                self.assertEqual(result.returncode, 0, f"{block}:\n{result.stderr}")

    def blocks(self) -> list[Block]:
        return [block for document in documents(SOURCE_DIR) for block in blocks_of(document)]

    def try_block(self, workshop: Workshop, block: Block) -> None:
        if block.mark == "file":
            workshop.write(block.about, block.text)
        if block.language != "console" or block.mark == "not run":
            return
        config = block.about if block.mark == "served by" else "usual.yaml"
        program, grpc, admin = workshop.serve(config)
        try:
            self.run_commands(workshop, block, grpc, admin)
        finally:
            program.kill()

    def run_commands(self, workshop: Workshop, block: Block, grpc: str, admin: str) -> None:
        for command in block.commands:
            program = workshop.start(command, grpc, admin)
            try:
                if command.goes_on:
                    self.assert_goes_on(program, block, command)
                else:
                    self.assert_ends(program, block, command)
            finally:
                program.kill()

    def assert_ends(self, program: Program, block: Block, command: Command) -> None:
        try:
            code = program.process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            self.fail(say_where(block, command, program.output(), "does not end"))
        self.assertEqual(code, command.exit_code,
                         say_where(block, command, program.output(), f"ends with {code}"))

    def assert_goes_on(self, program: Program, block: Block, command: Command) -> None:
        program.wait_for(program.output, say_where(block, command, "", "its first words"))
        # Words of an error are followed by the end, which must have its time to come.
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = program.process.wait(ENDS_BY_ITSELF_SECONDS)
            self.fail(say_where(block, command, program.output(), f"ended by itself with {code}"))
        program.signal_group(signal.SIGINT)
        code = program.wait()
        self.assertIn(code, INTERRUPTED, say_where(block, command, program.output(),
                                                   f"ended badly, with {code}"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
