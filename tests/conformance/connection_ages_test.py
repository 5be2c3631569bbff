"""Connections end by their age while the clients of others call: no call fails.

Each library is used as docs/calling.md says, from a process of its own.
"""

import contextlib
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import external_tools

AGE_CLIENTS = external_tools.require("age_clients")
external_tools.use_fetched_python()

from conformance_server import ConformanceServer
from harness import SOURCE_DIR, Program, clean_environment

CLIENTS = SOURCE_DIR / "tests/conformance/age_clients"
# A call that is refused with the end of its connection is repeated once by grpc-js: the next connection must
# not be of its age already, however long a busy machine takes to make it.
AGE_SECONDS = 2
ENOUGH_AGES = 100
# One call at a time without pause; several that know nothing of each other; seldom a call.
LOADS = [{"at_a_time": 1, "pause_ms": 0},
         {"at_a_time": 3, "pause_ms": 60},
         {"at_a_time": 1, "pause_ms": 900}] * 20


def recipe_of_document() -> str:
    """A module with what docs/calling.md gives to callers with connect-node: its guard is in force once it is
    imported, its interceptor is what it exports."""
    blocks = re.findall(r"^```js\n(.*?)^```$", (SOURCE_DIR / "docs/calling.md").read_text(),
                        re.MULTILINE | re.DOTALL)
    [guard] = [block for block in blocks if "outliveEndedSessions" in block]
    [block] = [block for block in blocks if "repeatLost" in block]
    return ('import { ConnectError } from "@connectrpc/connect";\n' + guard + block +
            "outliveEndedSessions();\nexport default [repeatLost];\n")


def service_config_of_document() -> str:
    """What docs/calling.md tells callers with grpc-js to use: its defaults, from Node 20.20 on."""
    version = subprocess.check_output(["node", "--version"], text=True, stdin=subprocess.DEVNULL)
    major, minor = re.match(r"v(\d+)\.(\d+)", version).groups()
    if (int(major), int(minor)) >= (20, 20):
        return ""
    config = json.loads((SOURCE_DIR / "clients/service_config.json").read_text())
    # The conformance server has no health service.
    del config["healthCheckConfig"]
    config["methodConfig"][0]["name"] = [{}]
    config["methodConfig"][0]["retryPolicy"]["retryableStatusCodes"].append("INTERNAL")
    return json.dumps(config)


class ConnectionAgesTest(unittest.TestCase):

    def setUp(self):
        self._stack = contextlib.ExitStack()
        self.addCleanup(self._stack.close)
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self.server = ConformanceServer(self.folder, "--age", str(AGE_SECONDS),
                                        "--say-when-aged", str(ENOUGH_AGES))
        self._stack.callback(self.server.program.kill)

    def assert_no_call_fails(self, library: str, arguments: list):
        environment = clean_environment() | {
            "LIBRARY": library, "PORT": str(self.server.port), "LOADS": json.dumps(LOADS),
            "SERVICE_CONFIG": service_config_of_document()}
        client = Program(arguments, self.folder / "client.log", environment)
        self._stack.callback(client.kill)

        client.wait_for(lambda: "enough have aged" in self.server.program.output(),
                        f"{ENOUGH_AGES} connections of their age")
        client.stop()
        self.server.program.stop()

        print(f"{library}: {client.output().strip()}, {self.server.program.output()}")
        result = json.loads(client.output())
        self.assertEqual(result["failed"], {})
        self.assertGreater(result["calls"], ENOUGH_AGES)

    def with_node(self, library: str):
        # A program in this folder finds the packages beside it.
        program = self.folder / "calls.mjs"
        program.write_text((CLIENTS / "calls.mjs").read_text())
        (self.folder / "recipe.mjs").write_text(recipe_of_document())
        (self.folder / "node_modules").symlink_to(AGE_CLIENTS / "node_modules")
        self.assert_no_call_fails(library, ["node", program])

    def with_python(self, library: str):
        self.assert_no_call_fails(library, [sys.executable, CLIENTS / "calls.py"])

    def test_grpc_js(self):
        self.with_node("grpc-js")

    def test_connect_node(self):
        self.with_node("connect-node")

    def test_grpcio(self):
        self.with_python("grpcio")

    def test_grpcio_aio(self):
        self.with_python("grpcio-aio")


if __name__ == "__main__":
    unittest.main(verbosity=2)
