"""The venues' official Python SDKs read the same figures from the sandbox as the service does, and
reject a wrong key as their types promise."""

import base64
import unittest

import external_tools

external_tools.use_fetched_python()

import polymarket_us
import polysim_sdk

from harness import StackTest
from venue_figures import (POLYMARKET_ROWS, assert_credentials_rejected,
                           assert_same_polymarket_figures, source_balance)

WRONG_SECRET_KEY = base64.b64encode(bytes(32)).decode()
WRONG_API_KEY = "ps_live_" + "0" * 64


class PolymarketUsSdkTest(StackTest):

    def sdk(self, **changes: str) -> polymarket_us.PolymarketUS:
        environment = self.sandbox.environment
        options = {"key_id": environment["POLYMARKET_KEY_ID"],
                   "secret_key": environment["POLYMARKET_SECRET_KEY"],
                   "api_base_url": environment["POLYMARKET_BASE_URL"]}
        return self.enterContext(polymarket_us.PolymarketUS(**(options | changes)))

    def test_reads_the_same_figures(self):
        self.sandbox.control("PUT", "/v1/polymarket/ledger", {"rows": POLYMARKET_ROWS})

        rows = self.sdk().account.balances()["balances"]
        source = source_balance(self.service, "polymarket-us")

        self.assertEqual(len(rows), len(POLYMARKET_ROWS))
        assert_same_polymarket_figures(self, rows, source.balance_set.balances)

    def test_wrong_secret_key_is_an_authentication_error(self):
        with self.assertRaises(polymarket_us.AuthenticationError) as raised:
            self.sdk(secret_key=WRONG_SECRET_KEY).account.balances()

        self.assertEqual(raised.exception.status_code, 401)

    def test_unknown_key_id_is_an_authentication_error(self):
        with self.assertRaises(polymarket_us.AuthenticationError):
            self.sdk(key_id="00000000-0000-4000-8000-000000000000").account.balances()

    def test_service_names_rejected_credentials(self):
        service = self.start_service("wrong-key", POLYMARKET_SECRET_KEY=WRONG_SECRET_KEY)

        assert_credentials_rejected(self, service, "polymarket-us")


class PolySimulatorSdkTest(StackTest):

    def sdk(self, **changes: str) -> polysim_sdk.PolySimClient:
        options = {"api_key": self.sandbox.environment["POLYSIM_API_KEY"],
                   "base_url": self.sandbox.environment["POLYSIM_BASE_URL"]}
        return self.enterContext(polysim_sdk.PolySimClient(**(options | changes)))

    def test_reads_the_same_figures(self):
        self.sandbox.control("PUT", "/v1/polysimulator/ledger",
                             {"balance": "24999.9999995", "position_value": "123.0000"})

        figures = self.sdk().balance()
        source = source_balance(self.service, "polysimulator")

        [balance] = source.balance_set.balances
        self.assertEqual(
            (figures["balance"], figures["total_value"], figures["starting_balance"],
             figures["unrealized_pnl"], figures["currency"]),
            (balance.cash.value, balance.equity.value, balance.starting_capital.value,
             balance.total_pnl.value, balance.currency_code))

    def test_wrong_key_is_an_api_error(self):
        with self.assertRaises(polysim_sdk.ApiError) as raised:
            self.sdk(api_key=WRONG_API_KEY).balance()

        self.assertEqual((raised.exception.status_code, raised.exception.code),
                         (401, "INVALID_KEY"))

    def test_service_names_rejected_credentials(self):
        service = self.start_service("wrong-key", POLYSIM_API_KEY=WRONG_API_KEY)

        assert_credentials_rejected(self, service, "polysimulator")


if __name__ == "__main__":
    unittest.main(verbosity=2)
