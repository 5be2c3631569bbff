"""No program of ours ever prints a secret, whatever goes wrong."""

import base64
import subprocess
import unittest

from harness import BIN_DIR, Program, StackTest, clean_environment, http_get

BALANCECTL_COMMANDS = (
    ("get",), ("get", "--output", "json"), ("get", "--max-age", "0s"), ("list",), ("sources",),
    ("sources", "--output", "json"), ("health",), ("get", "accounts/nobody"))
ADMIN_PAGES = ("/healthz", "/readyz", "/statusz", "/?format=html", "/metrics")
# Not base64 of a key at all, and not to be quoted for that.
MALFORMED_SECRET_KEY = "seeded-malformed-secret-key"


def disguises(secret: str) -> set[str]:
    """The forms in which a secret might slip out."""
    forms = {secret, base64.b64encode(secret.encode()).decode(), secret.encode().hex()}
    if secret.endswith("="):
        seed = base64.b64decode(secret)[:32]
        forms |= {seed.hex(), seed.hex().upper(), secret.rstrip("=")}
    return forms


class SecretsTest(StackTest):

    def setUp(self):
        environment = self.sandbox.environment
        self.secrets = {environment["POLYMARKET_SECRET_KEY"], environment["POLYSIM_API_KEY"]}

    def assert_no_secret(self, text: str, where: str):
        self.assertTrue(text, f"{where} is empty")
        for secret in self.secrets:
            for form in disguises(secret):
                self.assertNotIn(form, text, where)

    def balancectl(self, *arguments: str, server: str) -> str:
        result = subprocess.run([BIN_DIR / "balancectl", *arguments, "--server", server],
                                text=True, timeout=30, stdin=subprocess.DEVNULL,
                                env=clean_environment() | self.sandbox.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return result.stdout

    def assert_balancectl_prints_no_secret(self, server: str):
        for arguments in BALANCECTL_COMMANDS:
            self.assert_no_secret(self.balancectl(*arguments, server=server), " ".join(arguments))

    def assert_service_prints_no_secret(self, service):
        self.assert_balancectl_prints_no_secret(service.grpc_address)
        for page in ADMIN_PAGES:
            self.assert_no_secret(http_get(service.admin_url + page), page)
        self.assert_no_secret(service.program.output(), "the service's log")
        self.assert_no_secret(self.sandbox.program.output(), "the sandbox's log")

    def run_service(self, *flags: str, **changes: str) -> str:
        """The output of a service that ends by itself."""
        program = Program([BIN_DIR / "balance-service", *flags], self.folder / "short.log",
                          clean_environment() | self.sandbox.environment | changes)
        program.wait()
        return program.output()

    def test_when_all_is_well(self):
        self.assert_service_prints_no_secret(self.service)

    def test_when_the_upstream_rejects_the_credentials(self):
        wrong_key = base64.b64encode(bytes(range(32))).decode()
        wrong_api_key = "ps_live_" + "5" * 64
        self.secrets |= {wrong_key, wrong_api_key}
        service = self.start_service("rejected", POLYMARKET_SECRET_KEY=wrong_key,
                                     POLYSIM_API_KEY=wrong_api_key)

        self.assert_service_prints_no_secret(service)

    def test_when_the_upstream_echoes_the_credentials(self):
        echo = {"kind": "reply", "status": 500, "count": 0, "headers": {"X-Request-Id": "r-1"},
                "body": " ".join(sorted(self.secrets))}
        service = self.start_service("echo")
        for side in ("polymarket", "polysimulator"):
            self.sandbox.control("POST", f"/v1/{side}/faults", echo)
            self.addCleanup(self.sandbox.control, "DELETE", f"/v1/{side}/faults")

        self.assert_service_prints_no_secret(service)

    def test_when_the_configuration_is_printed_or_wrong(self):
        self.secrets.add(MALFORMED_SECRET_KEY)

        for flag in ("--print-config", "--check-config"):
            self.assert_no_secret(self.run_service(flag), flag)
        for flags in ((), ("--check-config",), ("--print-config",)):
            text = self.run_service(*flags, POLYMARKET_SECRET_KEY=MALFORMED_SECRET_KEY)

            self.assertIn("POLYMARKET_SECRET_KEY", text)
            self.assert_no_secret(text, f"a malformed key with {flags}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
