"""Whatever callers show and operators get wrong, no token and no key is ever seen (row M60)."""

import hashlib
import signal
import subprocess
import unittest
from pathlib import Path

from certificates import Authority
from harness import BIN_DIR, Program, StackTest, clean_environment, http_get
from secrets_test import ADMIN_PAGES, disguises

TOKENS = {name: f"seeded-token-of-{name}-0123456789abcdef" for name in ("board", "stranger", "late")}
BOT = "spiffe://desk.example/bot"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class AccessSecretsTest(StackTest):

    def setUp(self):
        environment = self.sandbox.environment
        authority = Authority(self.folder)
        self.ca = authority.certificate
        self.server_pair = authority.issue("server", "DNS:localhost", "IP:127.0.0.1")
        self.bot_pair = authority.issue("bot", f"URI:{BOT}")
        self.server_pair[1].chmod(0o600)
        self.secrets = set(TOKENS.values()) | {environment["POLYSIM_API_KEY"]}
        for _, key in (self.server_pair, self.bot_pair):
            # The lines between BEGIN and END.
            self.secrets.update(key.read_text().split("\n")[1:-2])
        self.seen = ""
        self.program, self.ports = self.start()

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def start(self) -> tuple[Program, dict[str, str]]:
        environment = self.sandbox.environment
        self.write("api-key", environment["POLYSIM_API_KEY"])
        self.write("tokens", f"{sha256(TOKENS['board'])}\n"
                             f"{sha256(TOKENS['late'])} 2020-01-01T00:00:00Z\n")
        config = self.write("access.yaml", f"""
listen: 127.0.0.1:0
admin_listen: 127.0.0.1:0
server: {{drain_delay: 0s}}
tls:
  certificate_file: {self.server_pair[0]}
  private_key_file: {self.server_pair[1]}
  client_ca_file: {self.ca}
  client_certificate: OPTIONAL
callers:
- {{id: bot, spiffe_id: "{BOT}", accounts: [desk-1]}}
- {{id: board, token_file: {self.folder / "tokens"}, accounts: [desk-1], methods: [GetAccountSnapshot]}}
accounts:
- id: desk-1
  sources:
  - id: polysimulator
    polysimulator:
      base_url: {environment["POLYSIM_BASE_URL"]}
      api_key: {{file: {self.folder / "api-key"}}}
""")
        ports_file = self.folder / "access.ports"
        program = Program([BIN_DIR / "balance-service", "--config", config, "--ports-file",
                           ports_file], self.folder / "access.log", clean_environment())
        self.addCleanup(program.kill)
        program.wait_for(ports_file.exists, "the ports file")
        return program, dict(line.split("=") for line in ports_file.read_text().splitlines())

    def call(self, *arguments: object) -> int:
        """balancectl over TLS; what it prints is kept. Returns its exit code."""
        result = subprocess.run([BIN_DIR / "balancectl", *map(str, arguments), "--tls-ca", self.ca,
                                 "--server", self.ports["grpc"]], text=True, timeout=30,
                                env=clean_environment(), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.seen += result.stdout
        return result.returncode

    def call_with_token(self, name: str, command: str = "get") -> int:
        return self.call(command, "--token-file", self.write(f"token-{name}", TOKENS[name]))

    def reload_and_await(self, words: str) -> None:
        before = self.program.output().count(words)
        self.program.process.send_signal(signal.SIGHUP)
        self.program.wait_for(lambda: self.program.output().count(words) > before, words)

    def test_m60_callers_and_operators_see_no_secret(self):
        self.assertEqual(self.call("get", "--tls-cert", self.bot_pair[0], "--tls-key",
                                   self.bot_pair[1]), 0)
        self.assertEqual(self.call_with_token("board"), 0)
        for name, command in (("stranger", "get"), ("late", "get"), ("board", "list"),
                              ("board", "sources")):
            self.assertEqual(self.call_with_token(name, command), 1, (name, command))
        self.assertEqual(self.call("get"), 1)
        # A token where its hash belongs, and a key that fits nothing.
        self.write("tokens", TOKENS["stranger"] + "\n")
        self.reload_and_await("reload failed")
        self.write("tokens", sha256(TOKENS["board"]) + "\n")
        self.write(self.server_pair[1].name, self.bot_pair[1].read_text())
        self.program.wait_for(lambda: "TLS files refused" in self.program.output(), "the refusal")

        self.seen += "".join(http_get(f"http://{self.ports['admin']}{page}")
                             for page in ADMIN_PAGES)
        self.program.stop()
        self.seen += self.program.output()

        for word in ("access denied: UNKNOWN_TOKEN", "access denied: EXPIRED_TOKEN",
                     "access denied: NOTHING_SHOWN", "access denied: METHOD_NOT_ALLOWED"):
            self.assertIn(word, self.seen)
        for secret in self.secrets | {sha256(token) for token in TOKENS.values()}:
            for form in disguises(secret):
                self.assertNotIn(form, self.seen)


if __name__ == "__main__":
    unittest.main()
