"""An upstream that is stopped by SIGSTOP while it is watched, as a frozen container is: heartbeats go on,
observe times stand, and STALE comes as a snapshot."""

import json
import signal
import unittest

from harness import BIN_DIR, Program, SandboxTest, clean_environment, read_assignments

SOURCE = "accounts/desk-1/sources/polysimulator"
CONFIG = """
listen: 127.0.0.1:0
admin_listen: 127.0.0.1:0
server: {{drain_delay: 0s}}
cache: {{ttl: 0.5s, min_refresh_interval: 0.05s}}
upstream: {{attempt_timeout: 0.4s, refresh_budget: 0.8s}}
accounts:
- id: desk-1
  sources:
  - id: polysimulator
    polysimulator:
      base_url: {POLYSIM_BASE_URL}
      api_key: {{env: POLYSIM_API_KEY}}
"""


class FrozenUpstreamTest(SandboxTest):

    def start(self, *arguments) -> Program:
        name = arguments[0]
        program = Program([BIN_DIR / name, *arguments[1:]], self.folder / f"{name}.log",
                          clean_environment() | self.sandbox.environment)
        self.addCleanup(program.kill)
        return program

    def messages(self) -> list[dict]:
        return [json.loads(line) for line in self.watch.output().split("\n")[:-1]]

    def states(self) -> list[str]:
        """Those of the source, as snapshots told them."""
        return [source["state"] for message in self.messages() if "snapshot" in message
                for source in message["snapshot"]["sources"]]

    def proofs(self) -> list[str]:
        """Observe times, as heartbeats told them."""
        return [source["observeTime"] for message in self.messages() if "heartbeat" in message
                for source in message["heartbeat"].get("sources", [])]

    def heartbeats(self) -> int:
        return sum("heartbeat" in message for message in self.messages())

    def test_a_frozen_upstream_shows_as_stale_while_heartbeats_go_on(self):
        config = self.folder / "config.yaml"
        config.write_text(CONFIG.format(**self.sandbox.environment))
        ports = self.folder / "ports"
        service = self.start("balance-service", "--config", config, "--ports-file", ports)
        service.wait_for(ports.exists, "the service's ports file")
        self.watch = self.start("balancectl", "watch", "--output", "json", "--heartbeat", "0.5s",
                                "--server", read_assignments(ports)["grpc"])
        self.watch.wait_for(lambda: len(set(self.proofs())) >= 2, "proofs that go on")

        self.sandbox.program.process.send_signal(signal.SIGSTOP)
        self.addCleanup(self.sandbox.program.process.send_signal, signal.SIGCONT)
        self.watch.wait_for(lambda: self.states()[-1] == "STALE", "STALE as a snapshot")
        proofs, heartbeats = self.proofs(), self.heartbeats()
        self.watch.wait_for(lambda: self.heartbeats() >= heartbeats + 3, "heartbeats that go on")
        self.assertEqual(self.proofs()[-1], proofs[-1])

        self.sandbox.program.process.send_signal(signal.SIGCONT)
        self.sandbox.control("PUT", "/v1/polysimulator/ledger", {"balance": "18.75"})
        self.watch.wait_for(lambda: self.states()[-1] == "FRESH" and "18.75" in self.watch.output(),
                            "the newest state")
        service.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
