"""The real Prometheus of Debian on loopback, with the rules of monitoring/ in shorter time."""

import importlib.util
import json
import re
import shutil
import sys
import urllib.parse
from pathlib import Path

import yaml

from external_tools import SKIPPED_EXIT_CODE
from harness import SOURCE_DIR, Program, clean_environment, http_get

MONITORING = SOURCE_DIR / "monitoring"
RULE_FILES = ("recording.rules.yaml", "alerts.rules.yaml")
# One minute of the rules is a second here.
SPEED = 60
# Interval of the dashboard's rates: several scrapes, as Grafana sees to.
RATE_INTERVAL = "5s"
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# Names that our metrics and recorded series begin with.
_SERIES = re.compile(r"\b(?:balance_|grpc_server_|process_|kind:|grpc_method:)[\w:]+(?:\{[^}]*\})?")


def require() -> None:
    """Ends the test as skipped where Debian's packages are not installed."""
    missing = [program for program in ("prometheus", "promtool") if shutil.which(program) is None]
    if importlib.util.find_spec("prometheus_client") is None:
        missing.append("prometheus_client")
    if missing:
        print(f"SKIPPED: there is no {missing[0]} here; ./dev install test installs it")
        sys.exit(SKIPPED_EXIT_CODE)


def series_of(expression: str) -> list[str]:
    """The selectors of series in an expression, without their ranges."""
    return _SERIES.findall(expression)


def _faster(duration: str) -> str:
    number, unit = re.fullmatch(r"(\d+)([smhd])", duration).groups()
    return f"{int(number) * _UNIT_SECONDS[unit] * 1000 // SPEED}ms"


def read_rules() -> list[dict]:
    """All rules as they are shipped."""
    return [rule for name in RULE_FILES
            for group in yaml.safe_load((MONITORING / name).read_text())["groups"]
            for rule in group["rules"]]


def _faster_rules(name: str) -> dict:
    rules = yaml.safe_load((MONITORING / name).read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule["expr"] = re.sub(r"\[(\w+)\]", lambda match: f"[{_faster(match[1])}]",
                                  rule["expr"])
            if "for" in rule:
                rule["for"] = _faster(rule["for"])
    return rules


class Prometheus:
    """Scrapes `targets`, host:port each, every second."""

    def __init__(self, folder: Path, name: str, targets: list[str]):
        home = folder / name
        home.mkdir()
        for rules in RULE_FILES:
            (home / rules).write_text(yaml.safe_dump(_faster_rules(rules)))
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s",
                       "external_labels": {"runbook_base": "https://runbooks.example/"}},
            "rule_files": list(RULE_FILES),
            "scrape_configs": [{"job_name": "balance", "static_configs": [{"targets": targets}]}],
        }
        (home / "prometheus.yaml").write_text(yaml.safe_dump(config))
        self.program = Program(
            [shutil.which("prometheus"), f"--config.file={home}/prometheus.yaml",
             f"--storage.tsdb.path={home}/data", "--web.listen-address=127.0.0.1:0"],
            home / "prometheus.log", clean_environment())
        listening = self.program.wait_for(
            lambda: re.search(r'msg="Listening on" address=(\S+)', self.program.output()),
            "Prometheus's address")
        self._url = f"http://{listening[1]}/api/v1"
        self.program.wait_for(lambda: "ready to receive web requests" in self.program.output(),
                              "Prometheus to be ready")

    def get(self, path: str, **parameters: str) -> dict:
        answer = json.loads(http_get(f"{self._url}/{path}?{urllib.parse.urlencode(parameters)}"))
        assert answer["status"] == "success", answer
        return answer["data"]

    def query(self, expression: str) -> list[tuple[dict, float]]:
        """Labels and value of each series, now."""
        return [(series["metric"], float(series["value"][1]))
                for series in self.get("query", query=expression)["result"]]

    def firing(self) -> dict[str, dict]:
        """The alerts that fire, by name."""
        return {alert["labels"]["alertname"]: alert for alert in self.get("alerts")["alerts"]
                if alert["state"] == "firing"}


