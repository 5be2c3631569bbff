"""Polymarket US's official SDK for Node reads the same figures from the sandbox as the service
does, and rejects a wrong key as its types promise."""

import base64
import json
import subprocess
import unittest
from decimal import Decimal

import external_tools

NODE_SDK = external_tools.require("node_sdk")
external_tools.use_fetched_python()

from harness import SOURCE_DIR, StackTest, clean_environment
from venue_figures import POLYMARKET_ROWS, assert_same_polymarket_figures, source_balance

SCRIPT = SOURCE_DIR / "tests/conformance/node_sdk/read_balances.mjs"


class NodeSdkTest(StackTest):

    def read(self, **changes: str) -> dict:
        # A program on standard input finds its packages in the working directory.
        result = subprocess.run(["node", "--input-type=module"], input=SCRIPT.read_text(),
                                text=True, capture_output=True, timeout=30, cwd=NODE_SDK,
                                env=clean_environment() | self.sandbox.environment | changes)
        self.assertEqual(result.returncode, 0, result.stderr)
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
