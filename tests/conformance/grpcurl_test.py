"""grpcurl, which nobody here wrote, lists, describes and calls all that the service offers."""

import json
import re
import subprocess
import unittest

import external_tools
from harness import StackTest

GRPCURL = external_tools.require("grpcurl") / "grpcurl"
BALANCE_SERVICE = "balance.v1.BalanceService"
METHODS = ("GetAccountSnapshot", "GetSourceBalance", "BatchGetAccountSnapshots",
           "ListAccountSnapshots", "ListSources", "WatchAccountSnapshots")
STANDARD_SERVICES = ("grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                     "grpc.reflection.v1alpha.ServerReflection")
ERROR_DETAILS = ("google.rpc.BadRequest", "google.rpc.ErrorInfo", "google.rpc.RetryInfo",
                 "google.rpc.Status")
# gRPC status code + 64 is the exit code of grpcurl.
INVALID_ARGUMENT_EXIT_CODE = 64 + 3
NOT_FOUND_EXIT_CODE = 64 + 5


class GrpcurlTest(StackTest):

    def grpcurl(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([GRPCURL, "-plaintext", *arguments], text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=30)

    def output(self, *arguments: str) -> str:
        result = self.grpcurl(*arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def list(self, *symbol: str) -> list[str]:
        return self.output(self.service.grpc_address, "list", *symbol).split()

    def describe(self, symbol: str) -> str:
        return self.output(self.service.grpc_address, "describe", symbol)

    def call(self, method: str, body: str | None = None) -> dict:
        data = () if body is None else ("-d", body)
        return json.loads(self.output(*data, self.service.grpc_address, method))

    def failed_call(self, method: str, body: str | None = None) -> subprocess.CompletedProcess:
        data = () if body is None else ("-d", body)
        return self.grpcurl(*data, self.service.grpc_address, f"{BALANCE_SERVICE}/{method}")

    def call_balance(self, method: str, body: str | None = None) -> dict:
        return self.call(f"{BALANCE_SERVICE}/{method}", body)

    def test_lists_every_service_and_method(self):
        self.assertEqual(self.list(), sorted((BALANCE_SERVICE, *STANDARD_SERVICES)))
        self.assertEqual(self.list(BALANCE_SERVICE),
                         sorted(f"{BALANCE_SERVICE}.{method}" for method in METHODS))

    def test_describes_every_service_method_and_message(self):
        for service in (BALANCE_SERVICE, *STANDARD_SERVICES):
            self.assertIn(f"{service} is a service", self.describe(service))
        seen, to_describe = set(), {f"{BALANCE_SERVICE}.{method}" for method in METHODS}
        while to_describe:
            symbol = to_describe.pop()
            seen.add(symbol)
            types = re.findall(r"\.((?:balance\.v1|google\.rpc)[\w.]+)", self.describe(symbol))
            to_describe |= set(types) - seen
        self.assertGreater(len(seen), 30, seen)

    def test_describes_error_details(self):
        for message in ERROR_DETAILS:
            self.assertIn(f"{message} is a message", self.describe(message))

    def test_get_account_snapshot(self):
        full_name = '{"name": "accounts/default", "policy": {"max_age": "0s"}, "view": "BASIC"}'

        for body in (None, "{}", full_name):
            snapshot = self.call_balance("GetAccountSnapshot", body)

            self.assertEqual(snapshot["name"], "accounts/default")
            self.assertEqual([source["state"] for source in snapshot["sources"]],
                             ["FRESH", "FRESH"])
            self.assertTrue(snapshot["completeness"]["complete"])

    def test_get_source_balance(self):
        for name in ("polysimulator", "accounts/default/sources/polysimulator"):
            source = self.call_balance("GetSourceBalance", json.dumps({"name": name}))

            self.assertEqual(source["kind"], "POLYSIMULATOR")
            self.assertEqual(source["fund_class"], "SIMULATED_MONEY")

    def test_follows_a_stream(self):
        body = '{"names": ["accounts/default"], "heartbeat_interval": "0.5s"}'
        # A stream goes on until somebody ends it.
        result = self.grpcurl("-max-time", "3", "-d", body, self.service.grpc_address,
                              f"{BALANCE_SERVICE}/WatchAccountSnapshots")

        messages, at = [], 0
        while at < len(result.stdout.rstrip()):
            message, at = json.JSONDecoder().raw_decode(result.stdout, at)
            messages.append(message)
            while at < len(result.stdout) and result.stdout[at].isspace():
                at += 1
        self.assertEqual(messages[0]["snapshot"]["name"], "accounts/default")
        self.assertEqual(messages[1]["heartbeat"]["interval"], "0.500s")
        self.assertTrue(any(message.get("heartbeat", {}).get("synced") for message in messages))

    def test_batch_get_account_snapshots(self):
        answer = self.call_balance("BatchGetAccountSnapshots", '{"names": ["accounts/default"]}')

        self.assertEqual(len(answer["snapshots"]), 1)

    def test_list_account_snapshots(self):
        for body in (None, "{}", '{"page_size": 1, "policy": {"only_if_cached": false}}'):
            answer = self.call_balance("ListAccountSnapshots", body)

            self.assertEqual(answer["snapshots"][0]["name"], "accounts/default")

    def test_list_sources(self):
        for body in (None, "{}", '{"parent": "accounts/default"}'):
            answer = self.call_balance("ListSources", body)

            self.assertEqual([source["kind"] for source in answer["sources"]],
                             ["POLYMARKET_US", "POLYSIMULATOR"])

    def test_empty_request_where_a_name_is_needed(self):
        for method in ("GetSourceBalance", "BatchGetAccountSnapshots"):
            for body in (None, "{}"):
                result = self.failed_call(method, body)

                self.assertEqual(result.returncode, INVALID_ARGUMENT_EXIT_CODE, result.stderr)
                self.assertIn("type.googleapis.com/google.rpc.ErrorInfo", result.stderr)

    def test_error_details_are_decoded(self):
        result = self.failed_call("GetAccountSnapshot", '{"name": "accounts/nobody"}')

        self.assertEqual(result.returncode, NOT_FOUND_EXIT_CODE, result.stderr)
        for text in ('"@type": "type.googleapis.com/google.rpc.ErrorInfo"',
                     '"reason": "ACCOUNT_NOT_CONFIGURED"', '"domain": "balance.v1"'):
            self.assertIn(text, re.sub(r'"\s*:\s*"', '": "', result.stderr))

    def test_health(self):
        for service in ("", BALANCE_SERVICE):
            answer = self.call("grpc.health.v1.Health/Check", json.dumps({"service": service}))

            self.assertEqual(answer, {"status": "SERVING"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
