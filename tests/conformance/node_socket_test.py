"""Polymarket US's official SDK for Node holds a WebSocket to the sandbox. Version 0.1.1 knows older
frames only: the sandbox speaks those on request."""

import base64
import json
import subprocess
import threading
import unittest

import external_tools

NODE_SDK = external_tools.require("node_sdk")

from harness import DEADLINE_SECONDS, SOURCE_DIR, SandboxTest, clean_environment

SCRIPT = SOURCE_DIR / "tests/conformance/node_sdk/listen_private.mjs"


class NodeSocketTest(SandboxTest):

    def setUp(self):
        self.speak(socket_names="legacy", socket_empty_error=False, socket_heartbeat_ms=0)
        self.hold("120.5")

    def speak(self, **switches) -> None:
        self.sandbox.control("PUT", "/v1/polymarket/switches", switches)

    def hold(self, cash: str) -> None:
        self.sandbox.control("PUT", "/v1/polymarket/ledger",
                             {"rows": [{"currency": "USD", "currentBalance": cash}]})

    def listen(self, **changes: str):
        """The events of a program that listens, as they come; none after its end."""
        # A program on standard input finds its packages in the working directory.
        program = subprocess.Popen(["node", "--input-type=module"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True, cwd=NODE_SDK,
                                   env=clean_environment() | self.sandbox.environment | changes)
        watchdog = threading.Timer(DEADLINE_SECONDS, program.kill)
        watchdog.start()
        for cleanup in (watchdog.cancel, program.stdout.close, program.wait, program.kill):
            self.addCleanup(cleanup)
        program.stdin.write(SCRIPT.read_text())
        program.stdin.close()
        return map(json.loads, program.stdout)

    def close_sockets(self) -> None:
        self.sandbox.control("POST", "/v1/polymarket/sockets", {"code": 1001})

    def test_snapshot_update_and_close(self):
        events = self.listen()

        snapshot = next(events)
        self.hold("118.25")
        update = next(events)
        self.close_sockets()

        self.assertEqual(snapshot["event"], "accountBalanceSnapshot")
        self.assertEqual(snapshot["message"]["accountBalanceSubscriptionSnapshot"],
                         {"balance": 120.5, "buyingPower": 120.5})
        self.assertEqual(update["event"], "accountBalanceUpdate")
        self.assertEqual(update["message"]["accountBalanceUpdate"],
                         {"balance": 118.25, "buyingPower": 118.25})
        self.assertEqual([event["event"] for event in events], ["close"])

    def test_heartbeats_are_events(self):
        self.speak(socket_heartbeat_ms=20)
        events = self.listen()

        self.assertTrue(any(event["event"] == "heartbeat" for event in events))
        self.close_sockets()

    def test_takes_the_empty_error_of_a_good_frame_for_an_error(self):
        self.speak(socket_empty_error=True)
        events = self.listen()

        error = next(events)
        self.close_sockets()

        self.assertEqual((error["event"], error["name"], error["error"]),
                         ("error", "WebSocketError", ""))

    def test_wrong_secret_key_is_refused_at_the_upgrade(self):
        wrong_key = base64.b64encode(bytes(32)).decode()

        events = list(self.listen(POLYMARKET_SECRET_KEY=wrong_key))

        self.assertEqual(events[0]["event"], "error")
        counters = self.sandbox.control("GET", "/v1/polymarket/counters")
        self.assertGreaterEqual(counters["by_path"]["/v1/ws/private"]["by_status"]["401"], 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
