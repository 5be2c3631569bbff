"""A real Prometheus scrapes the running service: each panel of the dashboard and each alert has data,
nothing fires while all is well, and each alert fires when its trouble is made."""

import base64
import contextlib
import hashlib
import json
import math
import re
import socket
import subprocess
import unittest
import urllib.request
from pathlib import Path

import prometheus
from certificates import Authority
from harness import (BIN_DIR, DEADLINE_SECONDS, Program, SandboxTest, clean_environment, http_get,
                     poll_until, read_assignments)

prometheus.require()
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open_metrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
# Parts of expressions that may have no data while all is well, and why.
MAY_BE_EMPTY = {
    "balance_tls_certificate_expiry_timestamp_seconds": "there is no certificate without TLS",
    "balance_fleet_": "there are no such series without a fleet",
    "< Inf": "there is no limit of memory outside a container",
    "process_open_fds": "old kernels do not tell a process without core dumps that is not root's",
}
# Alerts whose trouble is not made here, and why. promtool's unit tests show that they fire.
NOT_MADE = {
    "BalanceMemoryNearLimit": "needs a control group, which only root can make",
    "BalanceFleetBadValues": "needs a Redis, and somebody who writes there",
    "BalanceFleetClockSetBack": "needs a Redis, and somebody who sets its clock",
    "BalanceFleetClockOffset": "needs a Redis on a machine with another clock",
    "BalanceDescriptorsNearLimit": "the scrape that is to tell needs a descriptor, too",
}
WATCHERS = 8
CLOCK_OFFSET_MS = 20_000


class ConfiguredService:
    """balance-service of a configuration file, both venues with secrets in files."""

    def __init__(self, folder: Path, environment: dict[str, str], extra: str = "",
                 admin_port: int = 0, secrets: dict[str, str] | None = None, **options):
        folder.mkdir()
        self.folder = folder
        self._options = options
        values = {"key-id": environment["POLYMARKET_KEY_ID"],
                  "secret-key": environment["POLYMARKET_SECRET_KEY"],
                  "api-key": environment["POLYSIM_API_KEY"]} | (secrets or {})
        for name, value in values.items():
            self.replace_file(name, value)
        self._text = f"""
listen: 127.0.0.1:0
admin_listen: 127.0.0.1:{admin_port}
server: {{drain_delay: 0s, max_watchers: 2}}
{extra}
accounts:
- id: desk-1
  sources:
  - id: polymarket-us
    fund_class: REAL_MONEY
    polymarket_us:
      base_url: {environment["POLYMARKET_BASE_URL"]}
      key_id: {{file: {folder}/key-id}}
      secret_key: {{file: {folder}/secret-key}}
  - id: polysimulator
    polysimulator:
      base_url: {environment["POLYSIM_BASE_URL"]}
      api_key: {{file: {folder}/api-key}}
cache: {{ttl: 0.5s, stale_while_revalidate: 0.5s, max_stale: 1s, min_refresh_interval: 0.1s}}
upstream: {{requests_per_second: 100, burst: 100}}
"""
        self.replace_file("config.yaml", self._text)
        self.start()

    def start(self) -> None:
        ports_file = self.folder / "ports"
        ports_file.unlink(missing_ok=True)
        self.program = Program([BIN_DIR / "balance-service", "--config", self.folder / "config.yaml",
                                "--ports-file", ports_file], self.folder / "service.log",
                               clean_environment(), **self._options)
        self.program.wait_for(ports_file.exists, "the service's ports file")
        ports = read_assignments(ports_file)
        self.grpc_address, self.admin_address = ports["grpc"], ports["admin"]

    def replace_file(self, name: str, content: str) -> None:
        """At once, as an editor or Kubernetes does it."""
        new = self.folder / f"{name}.new"
        new.touch(mode=0o600)
        new.write_text(content)
        new.replace(self.folder / name)


class MonitoringTest(SandboxTest):

    def setUp(self):
        self._owned = contextlib.ExitStack()
        self.addCleanup(self._owned.close)
        self.home = self.folder / self.id().rsplit(".", 1)[1]
        self.home.mkdir()
        self._number = 0
        self.sandbox.control("POST", "/v1/money/thaw", {"every_ms": 200})

    def start_service(self, name: str, extra: str = "", **options) -> ConfiguredService:
        service = ConfiguredService(self.home / name, self.sandbox.environment, extra, **options)
        self._owned.callback(lambda: service.program.kill())
        return service

    def start_balancectl(self, service: ConfiguredService, *arguments: str) -> None:
        """Runs until the end of the test."""
        self._number += 1
        program = Program([BIN_DIR / "balancectl", *arguments, "--server", service.grpc_address],
                          self.home / f"balancectl-{self._number}.log", clean_environment())
        self._owned.callback(program.kill)

    def start_reading(self, service: ConfiguredService, *arguments: str) -> None:
        """Reads again and again until the end of the test."""
        self._number += 1
        loop = 'while "$@" >/dev/null 2>&1 || true; do sleep 0.2; done'
        program = Program(["/bin/sh", "-c", loop, "sh", BIN_DIR / "balancectl", "get", "--timeout",
                           "1s", *arguments, "--server", service.grpc_address],
                          self.home / f"reading-{self._number}.log", clean_environment())
        self._owned.callback(program.kill)

    def start_prometheus(self, *services: ConfiguredService) -> prometheus.Prometheus:
        started = prometheus.Prometheus(self.home, "prometheus",
                                        [service.admin_address for service in services])
        self._owned.callback(started.program.kill)
        return started

    def test_open_metrics_is_what_the_official_parser_reads_and_says_the_same(self):
        service = self.start_service("formats")
        url = f"http://{service.admin_address}/metrics"
        request = urllib.request.Request(url, headers={"Accept": OPEN_METRICS})
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as reply:
            self.assertEqual(reply.headers["Content-Type"], OPEN_METRICS)
            open_metrics = reply.read().decode()

        families = list(parse_open_metrics(open_metrics))
        plain = list(parse_text(http_get(url)))

        def bounds_as_numbers(sample):
            labels = {name: float(value) if name == "le" else value
                      for name, value in sample.labels.items()}
            return sample.name, tuple(sorted(labels.items()))

        def named(all_families):
            return {bounds_as_numbers(sample) for family in all_families
                    for sample in family.samples}
        self.assertEqual(named(families), named(plain))
        self.assertEqual({family.name: (family.type, family.documentation) for family in families},
                         {family.name: (family.type, family.documentation) for family in plain})
        for family in families:
            self.assertTrue(family.documentation.endswith("."), family.name)
        lint = subprocess.run(["promtool", "check", "metrics"], input=http_get(url), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual((lint.returncode, lint.stdout), (0, ""))

    def test_every_expression_has_data_and_nothing_fires_while_all_is_well(self):
        service = self.start_service("healthy")
        self.start_balancectl(service, "watch")
        self.start_reading(service)
        server = self.start_prometheus(service)
        expressions = self.dashboard_expressions() + [
            selector for rule in prometheus.read_rules()
            for selector in prometheus.series_of(rule["expr"])]
        self.assertGreater(len(expressions), 50)
        for expression in sorted(set(expressions)):
            if any(part in expression for part in MAY_BE_EMPTY):
                server.query(expression)
                continue
            with self.subTest(expression):
                poll_until(lambda: any(not math.isnan(value)
                                       for _, value in server.query(expression)),
                           f"data of {expression}")

        # Long enough for each alert that would.
        poll_until(lambda: server.query("count_over_time(up[10s]) >= 10"), "ten scrapes")
        self.assertEqual(server.firing(), {})
        # It asked for OpenMetrics: there, bounds have a fraction.
        self.assertTrue(server.query('balance_refresh_seconds_bucket{le="1.0"}'))
        fresh = server.query("kind:balance_source_late:ratio_rate1h")
        self.assertEqual({labels["kind"]: round(value, 9) for labels, value in fresh},
                         {"POLYMARKET_US": 0, "POLYSIMULATOR": 0})

    def dashboard_expressions(self) -> list[str]:
        dashboard = json.loads((prometheus.MONITORING / "dashboard.json").read_text())
        values = {"kind": ".*", "instance": ".*", "__rate_interval": prometheus.RATE_INTERVAL,
                  "__range": "30s"}
        return [re.sub(r"\$(\w+)", lambda match: values[match[1]], target["expr"])
                for panel in dashboard["panels"] for target in panel.get("targets", [])]

    def test_every_alert_fires_when_its_trouble_is_made(self):
        authority = Authority(self.home)
        certificate, key = authority.issue("server", "IP:127.0.0.1")
        sealing_key = self.home / "tls/sealing-key"
        tls = self.start_service(
            "tls", f"tls: {{certificate_file: {certificate}, private_key_file: {key}}}\n"
            f"fleet: {{redis: {{address: '127.0.0.1:1'}}, sealing_key: {{file: {sealing_key}}}, "
            "max_replicas: 2}", secrets={"sealing-key": base64.b64encode(bytes(32)).decode()})
        rejected = self.start_service("rejected", secrets={"api-key": "ps_live_" + "5" * 64})
        self.start_reading(rejected)
        main = self.start_service("main")
        self.start_balancectl(main, "watch")
        self.start_reading(main, "--max-age", "0s", "--max-stale", "0s", "--require", "all")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        tokens = self.home / "restarting/tokens"
        restarting = self.start_service(
            "restarting", f"callers: [{{id: bot, token_file: {tokens}, accounts: ['*']}}]",
            admin_port=port, secrets={"tokens": hashlib.sha256(b"token").hexdigest()})
        # Shows no token.
        self.start_reading(restarting)
        server = self.start_prometheus(tls, rejected, main, restarting)
        started = "balance_config_refused == 0 and on (instance) process_start_time_seconds"
        poll_until(lambda: len(server.query(started)) == 4, "scrapes of all services")
        poll_until(lambda: self.refreshes(main) > 3, "readings with the first key")

        # A certificate of two days is one that ends soon; the files in its place are none.
        key.write_text("no key\n")
        # A new key that the venue rejects, then a configuration that cannot be read.
        main.replace_file("api-key", "ps_live_" + "7" * 64)
        restarting.replace_file("config.yaml", restarting._text + "mistake: true\n")
        for side in ("polymarket", "polysimulator"):
            self.addCleanup(self.sandbox.control, "PUT", f"/v1/{side}/clock-offset", {"ms": 0})
            self.sandbox.control("PUT", f"/v1/{side}/clock-offset", {"ms": CLOCK_OFFSET_MS})
        for _ in range(WATCHERS):
            self.start_balancectl(main, "watch")
        expected = {rule["alert"] for rule in prometheus.read_rules()
                    if "alert" in rule} - NOT_MADE.keys()
        seen: dict[str, dict] = {}

        def await_firing(*names: str):
            def all_have_fired():
                seen.update(server.firing())
                return set(names) <= seen.keys()
            poll_until(all_have_fired, f"{names} of {sorted(seen)}")
        await_firing("BalanceSourceHeldOff", "BalanceOnPreviousCredential", "BalanceClockSkew",
                     "BalanceCertificateExpiring", "BalanceTlsFilesRefused", "BalanceConfigRefused",
                     "BalanceFleetAway", "BalanceFleetAllAway", "BalanceWatchersEnded",
                     "BalanceAccessDenied")

        self.sandbox.control("POST", "/v1/polymarket/faults", {"kind": "unasked", "count": 3})
        await_firing("BalanceUnaskedBytes")

        restarting.replace_file("config.yaml", restarting._text)
        for _ in range(2):
            before = poll_until(lambda: self.start_time(server, restarting), "a start")
            restarting.program.stop()
            restarting.start()
            poll_until(lambda: self.start_time(server, restarting) not in (None, before),
                       "the new start")
        await_firing("BalanceRestarting")

        self.sandbox.control("POST", "/v1/polymarket/unplug")
        self.addCleanup(self.sandbox.control, "POST", "/v1/polymarket/plug")
        await_firing("BalanceVenueDown", "BalanceFreshnessBurnFast", "BalanceFreshnessBurnSlow",
                     "BalanceCallErrorsBurnFast", "BalanceCallErrorsBurnSlow")

        for service in (tls, rejected, main, restarting):
            service.program.stop()
        await_firing("BalanceAbsent")
        self.assertEqual(expected - seen.keys(), set())
        for name, alert in seen.items():
            self.assertEqual(alert["annotations"]["runbook_url"],
                             f"https://runbooks.example/docs/runbook.md#{name.lower()}")
            self.assertNotRegex(alert["annotations"]["summary"], "no value|error")

    def refreshes(self, service: ConfiguredService) -> float:
        text = http_get(f"http://{service.admin_address}/metrics")
        return float(re.search(
            r'balance_refreshes_total\{kind="POLYSIMULATOR",result="OK"\} (\S+)', text)[1])

    def start_time(self, server: prometheus.Prometheus, service: ConfiguredService):
        """As the latest scrape has it; None if that failed."""
        found = server.query(f'process_start_time_seconds{{instance="{service.admin_address}"}}')
        return found[0][1] if found else None


if __name__ == "__main__":
    unittest.main(verbosity=2)
