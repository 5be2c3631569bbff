"""Polymarket US's official SDK for Node reads the same figures from the sandbox as the service
does, and rejects a wrong key as its types promise."""

import base64
import json
import shutil
import subprocess
import unittest
from decimal import Decimal

import external_tools

NODE_SDK = external_tools.require("node_sdk")
external_tools.use_fetched_python()

from harness import SOURCE_DIR, StackTest, clean_environment
from venue_figures import POLYMARKET_ROWS, assert_same_polymarket_figures, source_balance

SCRIPT = SOURCE_DIR / "tests/conformance/node_sdk/read_balances.js"


class NodeSdkTest(StackTest):

    def read(self, **changes: str) -> dict:
        environment = clean_environment() | self.sandbox.environment | changes
        result = subprocess.run([shutil.which("node"), SCRIPT], text=True, timeout=30, check=True,
                                stdin=subprocess.DEVNULL, capture_output=True,
                                env=environment | {"NODE_PATH": str(NODE_SDK / "node_modules")})
        return json.loads(result.stdout, parse_float=Decimal)

    def test_reads_the_same_figures(self):
        self.sandbox.control("PUT", "/v1/polymarket/ledger", {"rows": POLYMARKET_ROWS})

        rows = self.read()["rows"]
        source = source_balance(self.service, "polymarket-us")

        self.assertEqual(len(rows), len(POLYMARKET_ROWS))
        assert_same_polymarket_figures(self, rows, source.balance_set.balances)

    def test_wrong_secret_key_is_an_authentication_error(self):
        wrong_key = base64.b64encode(bytes(32)).decode()

        error = self.read(POLYMARKET_SECRET_KEY=wrong_key)["error"]

        self.assertEqual(error, {"name": "AuthenticationError", "status": 401, "typed": True})


if __name__ == "__main__":
    unittest.main(verbosity=2)
