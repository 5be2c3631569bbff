"""connectrpc.com/conformance, whose clients nobody here wrote, judges service/transport.

Its own cases, all that apply to what a server of ours speaks. They are changed in one thing: see
LEFT_OUT. TLS with and without client certificates is among them.
"""

import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

import external_tools
from harness import BIN_DIR, LONG_RUN_SECONDS, clean_environment

JUDGE = external_tools.require("connectconformance")
# Known for the pinned version: a wrong word in FEATURES would silently leave cases out.
EXPECTED_CASES = 301
# It has limits of its own for each case, and hangs if they are reached: fewer at a time than it would
# try by itself, for a machine that is busy.
AT_A_TIME = ("--max-servers", "2", "--parallel", "4")

FEATURES = {
    "versions": ["HTTP_VERSION_2"],
    "protocols": ["PROTOCOL_GRPC"],
    "codecs": ["CODEC_PROTO"],
    "compressions": ["COMPRESSION_IDENTITY"],
    "supportsH2c": True,
    "supportsTls": True,
    "supportsTlsClientCerts": True,
    "supportsTrailers": True,
    "supportsConnectGet": False,
    "supportsMessageReceiveLimit": True,
}
# What FEATURES leaves out, and why.
NOT_SPOKEN = (
    ("HTTP/1.1, HTTP/3", "gRPC is HTTP/2"),
    ("the Connect protocol, gRPC-Web", "the service has gRPC only; a proxy can translate"),
    ("JSON", "protobuf is what the published .proto files promise"),
    ("gzip and other compression", "answers are small; that it is refused by the rules is judged"),
)
# Keys that are taken out of the cases, and why.
LEFT_OUT = {
    "responseHeaders": "handlers send no metadata of their own",
    "responseTrailers": "handlers send no metadata but the status",
}


def without(node, keys):
    """A copy of parsed YAML that has none of the keys, however deep."""
    if isinstance(node, dict):
        return {key: without(value, keys) for key, value in node.items() if key not in keys}
    if isinstance(node, list):
        return [without(value, keys) for value in node]
    return node


def write_suites(folder: Path) -> list[Path]:
    suites = []
    for original in sorted((JUDGE / "suites").glob("*.yaml")):
        suite = yaml.safe_load(original.read_text())
        if suite.get("mode") != "TEST_MODE_CLIENT":
            suites.append(folder / original.name)
            suites[-1].write_text(yaml.safe_dump(without(suite, LEFT_OUT), sort_keys=False))
    return suites


class GrpcConformanceTest(unittest.TestCase):

    def test_all_cases_of_what_is_spoken_pass(self):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            (folder / "config.yaml").write_text(yaml.safe_dump({"features": FEATURES}))
            (folder / "suites").mkdir()
            suites = write_suites(folder / "suites")
            try:
                result = subprocess.run(
                    [JUDGE / "connectconformance", "--mode", "server",
                     "--conf", folder / "config.yaml", *AT_A_TIME,
                     *(option for suite in suites for option in ("--test-file", suite)),
                     "--", BIN_DIR / "grpc-conformance-server"],
                    text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, env=clean_environment(), timeout=LONG_RUN_SECONDS)
            except subprocess.TimeoutExpired as error:
                self.fail(f"connectconformance did not end:\n{(error.stdout or b'').decode()}")

        self.assertEqual(result.returncode, 0, result.stdout)
        totals = re.search(r"(\d+) passed, (\d+) failed", result.stdout)
        self.assertIsNotNone(totals, result.stdout)
        print(f"connectconformance: {totals[0]}; not judged:")
        for what, why in (*NOT_SPOKEN, *LEFT_OUT.items()):
            print(f"  {what}: {why}")
        self.assertEqual(totals.groups(), (str(EXPECTED_CASES), "0"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
