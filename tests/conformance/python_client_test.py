"""A stock Python gRPC client, its stubs generated from the published .proto file, calls every RPC
and understands the errors."""

import unittest

import external_tools

external_tools.use_fetched_python()

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from generated_stubs import messages, services
from harness import StackTest

TIMEOUT_SECONDS = 10


class PythonClientTest(StackTest):

    def setUp(self):
        channel = self.enterContext(grpc.insecure_channel(self.service.grpc_address))
        self.stub = services.BalanceServiceStub(channel)

    def failure(self, method, request) -> grpc.RpcError:
        with self.assertRaises(grpc.RpcError) as raised:
            method(request, timeout=TIMEOUT_SECONDS)
        return raised.exception

    def assert_fails(self, method, request, code: grpc.StatusCode, reason: str):
        """The code, and an ErrorInfo that says the same in the details as in the status."""
        error = self.failure(method, request)
        self.assertEqual(error.code(), code, error)
        status = rpc_status.from_call(error)
        self.assertEqual(status.code, code.value[0])
        self.assertEqual(status.message, error.details())
        info = error_details_pb2.ErrorInfo()
        self.assertTrue(status.details[0].Unpack(info), status)
        self.assertEqual(info.domain, "balance.v1")
        self.assertEqual(info.reason, reason)

    def test_get_account_snapshot(self):
        snapshot = self.stub.GetAccountSnapshot(messages.GetAccountSnapshotRequest(),
                                                timeout=TIMEOUT_SECONDS)

        self.assertEqual(snapshot.name, "accounts/default")
        self.assertTrue(snapshot.completeness.complete, snapshot)
        self.assertEqual({total.fund_class for total in snapshot.totals},
                         {messages.REAL_MONEY, messages.SIMULATED_MONEY})

    def test_get_source_balance(self):
        request = messages.GetSourceBalanceRequest(name="accounts/default/sources/polymarket-us")

        source = self.stub.GetSourceBalance(request, timeout=TIMEOUT_SECONDS)

        self.assertEqual(source.state, messages.SourceBalance.FRESH)
        self.assertTrue(source.HasField("balance_set"))

    def test_batch_get_account_snapshots_keeps_order_and_repeats(self):
        names = ["accounts/default", "accounts/default"]

        answer = self.stub.BatchGetAccountSnapshots(
            messages.BatchGetAccountSnapshotsRequest(names=names), timeout=TIMEOUT_SECONDS)

        self.assertEqual([snapshot.name for snapshot in answer.snapshots], names)

    def test_list_account_snapshots(self):
        answer = self.stub.ListAccountSnapshots(messages.ListAccountSnapshotsRequest(),
                                                timeout=TIMEOUT_SECONDS)

        self.assertEqual([snapshot.name for snapshot in answer.snapshots], ["accounts/default"])
        self.assertEqual(answer.next_page_token, "")

    def test_list_sources(self):
        answer = self.stub.ListSources(messages.ListSourcesRequest(), timeout=TIMEOUT_SECONDS)

        self.assertEqual([source.kind for source in answer.sources],
                         [messages.POLYMARKET_US, messages.POLYSIMULATOR])

    def test_malformed_name(self):
        self.assert_fails(self.stub.GetAccountSnapshot,
                          messages.GetAccountSnapshotRequest(name="accounts/NO GOOD"),
                          grpc.StatusCode.INVALID_ARGUMENT, "INVALID_NAME")

    def test_negative_max_age(self):
        request = messages.GetAccountSnapshotRequest()
        request.policy.max_age.seconds = -1

        self.assert_fails(self.stub.GetAccountSnapshot, request,
                          grpc.StatusCode.INVALID_ARGUMENT, "INVALID_READ_POLICY")

    def test_unknown_account(self):
        self.assert_fails(self.stub.GetAccountSnapshot,
                          messages.GetAccountSnapshotRequest(name="accounts/nobody"),
                          grpc.StatusCode.NOT_FOUND, "ACCOUNT_NOT_CONFIGURED")

    def test_unknown_source(self):
        self.assert_fails(self.stub.GetSourceBalance,
                          messages.GetSourceBalanceRequest(name="accounts/default/sources/none"),
                          grpc.StatusCode.NOT_FOUND, "SOURCE_NOT_CONFIGURED")


if __name__ == "__main__":
    unittest.main(verbosity=2)
