"""Servers that speak as the service does and behave as it does seldom: for tests of callers."""

import threading
from concurrent import futures
from pathlib import Path

import grpc

from generated_stubs import messages, services

# A serving status of grpc.health.v1.HealthCheckResponse: `status: NOT_SERVING`.
NOT_SERVING = b"\x08\x02"


class _Balances(services.BalanceServiceServicer):

    def __init__(self, failures: int):
        self.calls = 0
        self.watches = 0
        self._failures = failures
        self._mutex = threading.Lock()

    def GetAccountSnapshot(self, request, context):
        with self._mutex:
            self.calls += 1
            fails = self.calls <= self._failures
        if fails:
            context.abort(grpc.StatusCode.UNAVAILABLE, "this call is lost")
        return messages.AccountSnapshot(name=request.name)

    def GetSourceBalance(self, _, context):
        """Never answers in time."""
        _await_end(context)
        context.abort(grpc.StatusCode.ABORTED, "nobody waits any more")

    def WatchAccountSnapshots(self, _, context):
        """Says one thing, and nothing more."""
        self.watches += 1
        yield messages.WatchAccountSnapshotsResponse(heartbeat={"synced": True})
        _await_end(context)


def _await_end(context) -> None:
    ended = threading.Event()
    if context.add_callback(ended.set):
        ended.wait()


class Peer:
    """A server with TLS on loopback. Its first calls of GetAccountSnapshot fail; with `is_sick` its
    health says NOT_SERVING, else it has none, which counts as well."""

    def __init__(self, pair: tuple[Path, Path], failures: int = 0, is_sick: bool = False):
        certificate, key = (path.read_bytes() for path in pair)
        self.balances = _Balances(failures)
        self._server = grpc.server(futures.ThreadPoolExecutor(8))
        services.add_BalanceServiceServicer_to_server(self.balances, self._server)
        if is_sick:
            self._server.add_generic_rpc_handlers((_health(),))
        port = self._server.add_secure_port(
            "127.0.0.1:0", grpc.ssl_server_credentials([(key, certificate)]))
        self.address = f"localhost:{port}"
        self._server.start()

    def stop(self) -> None:
        self._server.stop(None).wait()


def _health() -> grpc.GenericRpcHandler:
    def check(_, __):
        return NOT_SERVING

    def watch(_, context):
        yield NOT_SERVING
        _await_end(context)

    return grpc.method_handlers_generic_handler("grpc.health.v1.Health", {
        "Check": grpc.unary_unary_rpc_method_handler(check),
        "Watch": grpc.unary_stream_rpc_method_handler(watch)})
