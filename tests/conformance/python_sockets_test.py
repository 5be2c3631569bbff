"""The venues' official Python SDKs hold WebSockets to the sandbox: what they make events of, and
what they make of refusals and of sockets that end."""

import asyncio
import base64
import unittest
from typing import Any

import external_tools

external_tools.use_fetched_python()

import polymarket_us
import polysim_sdk
import websockets
from polysim_sdk.ws import executions_stream

from harness import DEADLINE_SECONDS, SandboxTest

WRONG_SECRET_KEY = base64.b64encode(bytes(32)).decode()
WRONG_API_KEY = "ps_live_" + "0" * 64
EVENTS = ("account_balance_snapshot", "account_balance_update", "heartbeat", "error", "close",
          "message")


class Listener:
    """The events of one PrivateWebSocket, in the order in which they came."""

    def __init__(self, socket: Any):
        self.socket = socket
        self._events: asyncio.Queue = asyncio.Queue()
        for event in EVENTS:
            socket.on(event, self._keeper(event))

    def _keeper(self, event: str):
        return lambda *arguments: self._events.put_nowait((event, *arguments))

    async def next(self, event: str) -> Any:
        """What the next event of that name carries; the others are passed over."""
        while True:
            name, *arguments = await asyncio.wait_for(self._events.get(), DEADLINE_SECONDS)
            if name == event:
                return arguments[0] if arguments else None


class PolymarketUsSocketTest(SandboxTest):

    def setUp(self):
        self.sandbox.control("PUT", "/v1/polymarket/switches",
                             {"socket_names": "current", "socket_empty_error": True,
                              "socket_nulls": False, "socket_heartbeat_ms": 0})
        self.hold("120.5")

    def hold(self, cash: str) -> None:
        self.sandbox.control("PUT", "/v1/polymarket/ledger",
                             {"rows": [{"currency": "USD", "currentBalance": cash}]})

    def run_with_socket(self, use, **changes: str) -> None:
        """Runs `use(listener)` with a connected socket of the SDK."""
        environment = self.sandbox.environment
        options = {"key_id": environment["POLYMARKET_KEY_ID"],
                   "secret_key": environment["POLYMARKET_SECRET_KEY"],
                   "api_base_url": environment["POLYMARKET_BASE_URL"]}

        async def run():
            async with polymarket_us.AsyncPolymarketUS(**(options | changes)) as client:
                listener = Listener(client.ws.private())
                await listener.socket.connect()
                try:
                    await use(listener)
                finally:
                    await listener.socket.close()

        asyncio.run(run())

    async def subscribe(self, listener: Listener) -> dict:
        """The snapshot."""
        await listener.socket.subscribe_account_balance("r1")
        return await listener.next("account_balance_snapshot")

    async def act(self, fault: dict) -> None:
        await asyncio.to_thread(self.sandbox.control, "POST", "/v1/polymarket/sockets", fault)

    def test_snapshot_and_update(self):
        async def use(listener):
            snapshot = await self.subscribe(listener)
            await asyncio.to_thread(self.hold, "118.25")
            update = await listener.next("account_balance_update")

            [row] = snapshot["accountBalancesSnapshot"]["balances"]
            change = update["accountBalancesUpdate"]["balanceChange"]
            self.assertEqual((row["currency"], row["currentBalance"]), ("USD", 120.5))
            self.assertEqual(change["beforeBalance"]["currentBalance"], 120.5)
            self.assertEqual(change["afterBalance"]["currentBalance"], 118.25)
            self.assertEqual((snapshot["requestId"], update["requestId"]), ("r1", "r1"))

        self.run_with_socket(use)

    def test_older_names_are_events_too(self):
        for names in ("subscription", "legacy"):
            self.hold("120.5")
            self.sandbox.control("PUT", "/v1/polymarket/switches", {"socket_names": names})

            async def use(listener):
                await self.subscribe(listener)
                await asyncio.to_thread(self.hold, "118.25")
                await listener.next("account_balance_update")

            with self.subTest(names):
                self.run_with_socket(use)

    def test_nulls_of_an_update_are_taken(self):
        self.sandbox.control("PUT", "/v1/polymarket/switches", {"socket_nulls": True})

        async def use(listener):
            await self.subscribe(listener)
            await asyncio.to_thread(self.hold, "118.25")
            update = await listener.next("account_balance_update")

            change = update["accountBalancesUpdate"]["balanceChange"]
            self.assertIsNone(change["beforeBalance"])
            self.assertIsNone(change["updateTime"])

        self.run_with_socket(use)

    def test_error_frame_leaves_the_socket_open(self):
        async def use(listener):
            await listener.socket.subscribe("r1", "SUBSCRIPTION_TYPE_NONE")
            error = await listener.next("error")
            await self.subscribe(listener)

            self.assertEqual(error.request_id, "r1")
            self.assertTrue(listener.socket.is_connected)

        self.run_with_socket(use)

    def test_heartbeats_are_events(self):
        self.sandbox.control("PUT", "/v1/polymarket/switches", {"socket_heartbeat_ms": 20})

        async def use(listener):
            await listener.next("heartbeat")
            await listener.next("heartbeat")

        self.run_with_socket(use)

    def test_each_way_to_end_is_a_close(self):
        for fault in ({"code": 1000}, {"code": 1001}, {"code": 1011}, {"kind": "drop"},
                      {"kind": "reset"}):
            async def use(listener):
                await self.subscribe(listener)
                await self.act(fault)
                await listener.next("close")

            with self.subTest(fault):
                self.run_with_socket(use)

    def test_unsubscribed_nothing_more_comes(self):
        async def use(listener):
            await self.subscribe(listener)
            await listener.socket.unsubscribe("r1")
            # Answered in order: the answer proves that the unsubscription was taken.
            await listener.socket.subscribe("r2", "SUBSCRIPTION_TYPE_NONE")
            await listener.next("error")
            await asyncio.to_thread(self.hold, "118.25")
            await self.act({"kind": "text", "body": "{\"last\":1}"})
            self.assertEqual(await listener.next("message"), {"last": 1})

        self.run_with_socket(use)

    def test_wrong_secret_key_is_refused_at_the_upgrade(self):
        async def use(listener):
            self.fail("connected")

        with self.assertRaises(websockets.InvalidStatus) as raised:
            self.run_with_socket(use, secret_key=WRONG_SECRET_KEY)

        self.assertEqual(raised.exception.response.status_code, 401)


class PolySimulatorSocketTest(SandboxTest):

    def setUp(self):
        self.sandbox.control("DELETE", "/v1/polysimulator/counters")

    def stream(self, max_reconnects: int = 3, **changes: str):
        options = {"api_key": self.sandbox.environment["POLYSIM_API_KEY"],
                   "base_url": self.sandbox.environment["POLYSIM_BASE_URL"]}
        client = self.enterContext(polysim_sdk.PolySimClient(**(options | changes)))
        events = executions_stream(client, max_reconnects=max_reconnects)
        self.addCleanup(events.close)
        return events

    def fill_an_order(self) -> str:
        """The order's id."""
        order = self.sandbox.control("POST", "/v1/polysimulator/orders", {"cost": "10.25"})["id"]
        self.sandbox.control("POST", f"/v1/polysimulator/orders/{order}/fill")
        return order

    def act(self, fault: dict) -> None:
        self.sandbox.control("POST", "/v1/polysimulator/sockets", fault)

    def test_connected_and_then_fills(self):
        events = self.stream()

        connected = next(events)
        order = self.fill_an_order()
        fill = next(events)

        self.assertEqual(connected, {"type": "connected", "feed": "executions"})
        self.assertEqual((fill["type"], str(fill["order_id"]), fill["quantity"]),
                         ("fill", order, "20.50"))

    def test_each_connection_has_a_token_of_its_own(self):
        events = self.stream()
        for fault in ({"code": 4001}, {"code": 1001}, {"kind": "drop"}):
            self.assertEqual(next(events)["type"], "connected")
            self.act(fault)

        self.assertEqual(next(events)["type"], "connected")
        by_path = self.sandbox.control("GET", "/v1/polysimulator/counters")["by_path"]
        self.assertEqual(by_path["/v1/keys/ws-token"]["by_status"], {"200": 4})
        self.assertEqual(by_path["/v1/ws/executions"]["by_status"], {"101": 4})

    def test_one_socket_too_many_is_closed_with_4002(self):
        self.sandbox.control("PUT", "/v1/polysimulator/switches", {"sockets_per_key": 1})
        self.addCleanup(self.sandbox.control, "PUT", "/v1/polysimulator/switches",
                        {"sockets_per_key": 0})
        first = self.stream()
        next(first)

        with self.assertRaises(websockets.ConnectionClosedError) as raised:
            next(self.stream(max_reconnects=0))

        self.assertEqual(raised.exception.rcvd.code, 4002)

    def test_wrong_key_gets_no_token(self):
        with self.assertRaises(polysim_sdk.ApiError) as raised:
            next(self.stream(api_key=WRONG_API_KEY))

        self.assertEqual(raised.exception.status_code, 401)


if __name__ == "__main__":
    unittest.main(verbosity=2)
