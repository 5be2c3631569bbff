"""Compares what a venue's own SDK reads from the sandbox with what the service makes of it."""

import unittest
from decimal import Decimal

import grpc

from generated_stubs import messages, services
from harness import Service

# The field of our CurrencyBalance for each amount in a row of Polymarket US's balances.
POLYMARKET_FIELDS = {
    "currentBalance": "cash",
    "buyingPower": "available_to_trade",
    "assetNotional": "position_notional",
    "assetAvailable": "position_collateral",
    "openOrders": "open_orders",
    "marginRequirement": "margin_requirement",
    "unsettledFunds": "unsettled",
    "pendingCredit": "pending_credit",
    "balanceReservation": "reserved",
}
# Each keeps the vendor's identity and fits a double exactly enough for an SDK that uses one.
POLYMARKET_ROWS = [
    {"currency": "USD", "currentBalance": "1482.3175", "buyingPower": "1190.8175",
     "assetNotional": "10.5", "assetAvailable": "0", "openOrders": "216.5",
     "marginRequirement": "75", "unsettledFunds": "-0.01", "pendingCredit": "0.0000001",
     "balanceReservation": "12.3400"},
    {"currency": "USDC", "currentBalance": "310.0000", "buyingPower": "310"},
]


def source_balance(service: Service, source: str) -> "messages.SourceBalance":
    """One source, read from the upstream now."""
    request = messages.GetSourceBalanceRequest(name=f"accounts/default/sources/{source}")
    request.policy.max_age.seconds = 0
    with grpc.insecure_channel(service.grpc_address) as channel:
        return services.BalanceServiceStub(channel).GetSourceBalance(request, timeout=10)


def assert_same_polymarket_figures(test: unittest.TestCase, rows: list[dict],
                                   balances: list["messages.CurrencyBalance"]) -> None:
    """`rows`: what the SDK returned, its numbers as numbers or as decimal text."""
    test.assertEqual([row["currency"] for row in rows],
                     [balance.currency_code for balance in balances])
    for row, balance in zip(rows, balances):
        for sdk_name, our_name in POLYMARKET_FIELDS.items():
            amount = getattr(balance, our_name)
            test.assertEqual(Decimal(str(row[sdk_name])), Decimal(amount.value), sdk_name)
            test.assertEqual(amount.basis, sdk_name)


def assert_credentials_rejected(test: unittest.TestCase, service: Service, source: str) -> None:
    with test.assertRaises(grpc.RpcError) as raised:
        source_balance(service, source)
    test.assertEqual(raised.exception.code(), grpc.StatusCode.FAILED_PRECONDITION)
    details = dict(raised.exception.trailing_metadata())["grpc-status-details-bin"]
    test.assertIn(b"SOURCE_CREDENTIALS_REJECTED", details)
