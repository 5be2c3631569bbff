"""The table of metrics in docs/metrics.md, made from what a running service serves.

metrics_reference_test.py holds the document against it. With --write this renews the document:

    BALANCE_SOURCE_DIR=. BALANCE_BIN_DIR=build/bin python3 tests/conformance/metrics_reference.py --write
"""

import base64
import re
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from certificates import Authority
from harness import (BIN_DIR, SOURCE_DIR, Program, Sandbox, clean_environment, http_get,
                     read_assignments)

sys.path.append(str(SOURCE_DIR / "tests/lint"))
from generated_part import main_of

DOCUMENT = SOURCE_DIR / "docs/metrics.md"
PART = "metrics reference"
# Labels whose values are numbers of a bucket, not names.
BUCKET_LABEL = "le"
SUFFIXES = ("_bucket", "_sum", "_count")


@dataclass
class Family:
    name: str
    help: str
    type: str = ""
    labels: dict[str, list[str]] = field(default_factory=dict)


def families_of(text: str) -> dict[str, Family]:
    """The families of a page in Prometheus's text format."""
    families: dict[str, Family] = {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, _, words = line.removeprefix("# HELP ").partition(" ")
            families[name] = Family(name, words)
        elif line.startswith("# TYPE "):
            name, _, kind = line.removeprefix("# TYPE ").partition(" ")
            families[name].type = kind
        elif line and not line.startswith("#"):
            name, labels = re.match(r"(\w+)(?:\{(.*)\})? ", line).groups()
            family = families.get(name) or families[base_of(name, families)]
            for label, value in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or ""):
                values = family.labels.setdefault(label, [])
                if label != BUCKET_LABEL and value not in values:
                    values.append(value)
    for family in families.values():
        family.labels.pop(BUCKET_LABEL, None)
    return families


def base_of(sample: str, families: dict[str, Family]) -> str:
    return next(sample.removesuffix(suffix) for suffix in SUFFIXES
                if sample.endswith(suffix) and sample.removesuffix(suffix) in families)


def values_of(families: dict[str, Family]) -> dict[tuple[str, tuple[str, ...]], list[str]]:
    """A label and its values -> the families that have it so."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for family in families.values():
        for label, values in family.labels.items():
            found.setdefault((label, tuple(sorted(values))), []).append(family.name)
    return found


def code(words) -> str:
    return ", ".join(f"`{word}`" for word in words)


def render(families: dict[str, Family]) -> str:
    values = values_of(families)
    names = [label for label, _ in values]
    return "\n".join([
        "| family | type | labels | help |", "|---|---|---|---|",
        *(f"| `{each.name}` | {each.type} | {code(sorted(each.labels))} | {each.help} |"
          for _, each in sorted(families.items())),
        "", "| label | of | values |", "|---|---|---|",
        *(f"| `{label}` | {'all' if names.count(label) == 1 else code(sorted(owners))} |"
          f" {code(words)} |" for (label, words), owners in sorted(values.items()))])


def scrape() -> dict[str, Family]:
    """What a service with TLS and a source of each venue serves, one of a fleet whose Redis is away."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sandbox = Sandbox(folder)
        try:
            service = start_service(folder, sandbox.environment)
            try:
                admin = read_assignments(folder / "metrics.ports")["admin"]
                return families_of(http_get(f"http://{admin}/metrics"))
            finally:
                service.kill()
        finally:
            sandbox.program.kill()


def start_service(folder: Path, environment: dict[str, str]) -> Program:
    certificate, key = Authority(folder).issue("server", "DNS:localhost")
    key.chmod(0o600)
    sealing_key = folder / "sealing-key"
    sealing_key.write_text(base64.b64encode(bytes(32)).decode())
    sealing_key.chmod(0o600)
    config = folder / "metrics.yaml"
    config.write_text(f"""
listen: 127.0.0.1:0
admin_listen: 127.0.0.1:0
tls: {{certificate_file: {certificate}, private_key_file: {key}}}
fleet: {{redis: {{address: "127.0.0.1:1"}}, sealing_key: {{file: {sealing_key}}}, max_replicas: 2}}
accounts:
- id: desk-1
  sources:
  - id: polymarket-us
    fund_class: REAL_MONEY
    polymarket_us:
      base_url: {environment["POLYMARKET_BASE_URL"]}
      key_id: {{env: POLYMARKET_KEY_ID}}
      secret_key: {{env: POLYMARKET_SECRET_KEY}}
  - id: polysimulator
    polysimulator:
      base_url: {environment["POLYSIM_BASE_URL"]}
      api_key: {{env: POLYSIM_API_KEY}}
""")
    ports = folder / "metrics.ports"
    program = Program([BIN_DIR / "balance-service", "--config", config, "--ports-file", ports],
                      folder / "metrics.log", clean_environment() | environment)
    program.wait_for(ports.exists, "the ports file")
    return program


if __name__ == "__main__":
    main_of(__file__, DOCUMENT, PART, lambda: render(scrape()))
