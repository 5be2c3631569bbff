#include "clients/balancectl/render_table.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace balance::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

// Every time below is told from here: 2026-01-02T03:04:05Z.
constexpr std::int64_t kServed = 1767323045;

WallTime Now() { return WallTime(std::chrono::seconds(kServed)); }

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

constexpr char kComplete[] = R"pb(
  name: "accounts/desk-1"
  sources {
    name: "accounts/desk-1/sources/polymarket-us"
    kind: POLYMARKET_US
    fund_class: REAL_MONEY
    pool: "p1"
    state: FRESH
    balance_set {
      balances {
        currency_code: "USD"
        cash { value: "1234.5600" origin: REPORTED basis: "currentBalance" }
        available_to_trade { value: "1200.00" }
        position_collateral { value: "55.5" }
        open_orders { value: "34.5600" }
        margin_requirement { value: "0" }
        unsettled { value: "-0.01" }
        pending_withdrawals {
          id: "w-1"
          amount { value: "100.00" }
          description: "rent"
          acknowledged: true
          create_time { seconds: 1767320000 }
        }
        pending_withdrawals { id: "w-2" }
        change_time { seconds: 1767322000 }
        other_fields { key: "zeta" value: "2" }
        other_fields { key: "alpha" value: "1" }
      }
    }
    freshness {
      observe_time { seconds: 1767323043 nanos: 800000000 }
      outcome: HIT
    }
  }
  sources {
    name: "accounts/desk-1/sources/polysimulator"
    kind: POLYSIMULATOR
    fund_class: SIMULATED_MONEY
    pool: "p2"
    state: FRESH
    balance_set {
      balances {
        currency_code: "USD"
        cash { value: "9876.54321" }
        available_to_trade { value: "9876.54321" }
        equity { value: "10050.25" }
        position_value { value: "173.70679" }
        starting_capital { value: "10000" }
        total_pnl { value: "50.25" }
      }
    }
    freshness {
      observe_time { seconds: 1767323044 nanos: 600000000 }
      outcome: FETCHED
    }
  }
  totals {
    fund_class: REAL_MONEY
    currency_code: "USD"
    measure: CASH
    total { value: "1234.5600" }
    counted_sources: "accounts/desk-1/sources/polymarket-us"
    oldest_observe_time { seconds: 1767323043 nanos: 800000000 }
  }
  totals {
    fund_class: REAL_MONEY
    currency_code: "USD"
    measure: AVAILABLE_TO_TRADE
    total { value: "1200.00" }
    counted_sources: "accounts/desk-1/sources/polymarket-us"
    oldest_observe_time { seconds: 1767323043 nanos: 800000000 }
  }
  totals {
    fund_class: SIMULATED_MONEY
    currency_code: "USD"
    measure: CASH
    total { value: "9876.54321" }
    oldest_observe_time { seconds: 1767323044 nanos: 600000000 }
  }
  totals {
    fund_class: SIMULATED_MONEY
    currency_code: "USD"
    measure: EQUITY
    total { value: "10050.25" }
    oldest_observe_time { seconds: 1767323044 nanos: 600000000 }
  }
  completeness { configured: 2 fresh: 2 complete: true }
  serve_time { seconds: 1767323045 }
  revision { epoch: "e" number: 12 }
)pb";

constexpr char kPartial[] = R"pb(
  name: "accounts/desk-2"
  sources {
    name: "accounts/desk-2/sources/pm-1"
    fund_class: REAL_MONEY
    state: STALE
    balance_set {
      balances {
        currency_code: "USD"
        cash { value: "10.5" }
        available_to_trade { value: "10" }
      }
      balances {
        currency_code: "EUR"
        cash { value: "7" }
      }
      balances { cash { value: "3" } }
    }
    freshness {
      observe_time { seconds: 1767323000 }
      outcome: STALE_ON_ERROR
    }
    failure {
      status {
        code: 14
        message: "The upstream does not answer; the service keeps trying."
        details {
          [type.googleapis.com/google.rpc.ErrorInfo] { reason: "SOURCE_UNREACHABLE" }
        }
      }
      first_failure_time { seconds: 1767323003 }
      next_attempt_time { seconds: 1767323047 nanos: 500000000 }
      consecutive_failures: 3
    }
    warnings { reason: "CURRENCY_MISSING" detail: "A row has no currency." }
  }
  sources {
    name: "accounts/desk-2/sources/pm-2"
    fund_class: REAL_MONEY
    state: NO_DATA
    failure {
      status {
        code: 9
        message: "The upstream rejects the key; replace it."
        details {
          [type.googleapis.com/google.rpc.ErrorInfo] { reason: "SOURCE_CREDENTIALS_REJECTED" }
        }
      }
      consecutive_failures: 1
      next_attempt_time { seconds: 1767323040 }
    }
  }
  sources {
    name: "accounts/desk-2/sources/empty"
    fund_class: REAL_MONEY
    state: FRESH
    balance_set {}
    freshness { observe_time { seconds: 1767323045 } }
  }
  sources {
    name: "accounts/desk-2/sources/sim-1"
    fund_class: SIMULATED_MONEY
    pool: "user-7"
    state: FRESH
    balance_set {
      balances {
        currency_code: "USD"
        cash { value: "100.00" }
      }
    }
    freshness { observe_time { seconds: 1767323044 } }
  }
  sources {
    name: "accounts/desk-2/sources/sim-2"
    fund_class: SIMULATED_MONEY
    pool: "user-7"
    state: NOT_REQUESTED
  }
  totals {
    fund_class: REAL_MONEY
    currency_code: "USD"
    measure: CASH
    known_subtotal { value: "10.5" }
    counted_sources: "accounts/desk-2/sources/pm-1"
    missing_sources: "accounts/desk-2/sources/pm-2"
    oldest_observe_time { seconds: 1767323000 }
  }
  totals {
    fund_class: REAL_MONEY
    currency_code: "EUR"
    measure: CASH
    total { value: "7" }
    counted_sources: "accounts/desk-2/sources/pm-1"
    oldest_observe_time { seconds: 1767323000 }
  }
  totals {
    fund_class: SIMULATED_MONEY
    currency_code: "USD"
    measure: EQUITY
    missing_sources: "accounts/desk-2/sources/sim-1"
    missing_sources: "accounts/desk-2/sources/sim-2"
  }
  completeness { configured: 5 fresh: 2 stale: 1 missing: 1 }
  serve_time { seconds: 1767323045 }
)pb";

constexpr char kSmall[] = R"pb(
  name: "accounts/small"
  sources {
    name: "accounts/small/sources/pm"
    fund_class: REAL_MONEY
    state: FRESH
    balance_set {
      balances {
        currency_code: "USD"
        cash { value: "10.50" }
      }
    }
    freshness { observe_time { seconds: 1767323044 } }
    warnings { reason: "LEGACY_KEY" detail: "The key is of the old kind; make a new one." }
  }
  totals {
    fund_class: REAL_MONEY
    currency_code: "USD"
    measure: CASH
    total { value: "10.50" }
    counted_sources: "accounts/small/sources/pm"
    oldest_observe_time { seconds: 1767323044 }
  }
  completeness { configured: 1 fresh: 1 complete: true }
  serve_time { seconds: 1767323045 }
)pb";

constexpr char kSources[] = R"pb(
  sources {
    name: "accounts/a/sources/pm"
    kind: POLYMARKET_US
    fund_class: REAL_MONEY
    breaker_state: CLOSED
    last_observe_time { seconds: 1767323043 nanos: 800000000 }
    cache {
      ttl { seconds: 2 }
      max_stale { seconds: 60 }
    }
    rate { requests_per_second: 2 burst: 2 }
    clock_skew { nanos: -300000000 }
    feed: PUSH
  }
  sources {
    name: "accounts/a/sources/sim"
    kind: POLYSIMULATOR
    fund_class: SIMULATED_MONEY
    breaker_state: OPEN
    hold_off_until { seconds: 1767323105 }
    blocked_until { seconds: 1767323048 }
    consecutive_failures: 4
    cache { ttl { nanos: 500000000 } }
    rate { requests_per_second: 0.5 burst: 1 }
    feed: PUSH_DOWN
  }
  sources {
    name: "accounts/b/sources/pm"
    kind: POLYMARKET_US
    fund_class: REAL_MONEY
    breaker_state: HALF_OPEN
    hold_off_until { seconds: 1767323045 }
  }
)pb";

constexpr char kHostile[] = R"pb(
  name: "accounts/x\033]0;owned\007"
  sources {
    name: "accounts/x/sources/pm"
    fund_class: REAL_MONEY
    state: FRESH
    balance_set {
      balances {
        currency_code: "U\033[2JSD"
        cash { value: "1\0332" }
        pending_withdrawals { id: "\r\n" description: "\xe2\x80\xae gnp" status: "x" }
        other_fields { key: "k\tk" value: "\xff\xc2\x9b" }
      }
    }
    failure { status { message: "a\nREAL MONEY\n" } }
    warnings { reason: "\033[31m" detail: "\033[0m" }
  }
  totals {
    fund_class: REAL_MONEY
    currency_code: "U\033SD"
    measure: CASH
    missing_sources: "accounts/x/sources/\033"
  }
)pb";

std::string Show(const char* snapshot, const Canvas& canvas) {
  return RenderSnapshot(Parse<v1::AccountSnapshot>(snapshot), Now(), canvas);
}

std::string ShowSources(const Canvas& canvas) {
  return RenderSources(Parse<v1::ListSourcesResponse>(kSources), Now(), canvas);
}

TEST(RenderTableTest, CompleteSnapshot) {
  EXPECT_EQ(Show(kComplete, {}), R"(accounts/desk-1  at 2026-01-02T03:04:05Z  revision 12

REAL MONEY
  SOURCE         STATE       AGE  CUR       CASH  AVAILABLE  EQUITY
  polymarket-us  FRESH  1.2s ago  USD  1234.5600    1200.00       -

  TOTAL               CUR     AMOUNT  OLDEST READING
  cash                USD  1234.5600  1.2s ago
  available to trade  USD  1200.00    1.2s ago

  FIGURE                       polymarket-us USD
  position collateral                    55.5
  open orders                            34.5600
  margin requirement                      0
  unsettled                              -0.01
  last changed         2026-01-02T02:46:40Z

  WITHDRAWAL  SOURCE         CUR  AMOUNT  CREATED               ACKNOWLEDGED  DESCRIPTION
  w-1         polymarket-us  USD  100.00  2026-01-02T02:13:20Z  yes           rent
  w-2         polymarket-us  USD    -     -                     -             -

  OTHER FIELD  SOURCE         CUR  VALUE
  alpha        polymarket-us  USD  1
  zeta         polymarket-us  USD  2

SIMULATED MONEY (cannot be spent)
  SOURCE         STATE       AGE  CUR        CASH   AVAILABLE    EQUITY
  polysimulator  FRESH  0.4s ago  USD  9876.54321  9876.54321  10050.25

  TOTAL   CUR       AMOUNT  OLDEST READING
  cash    USD   9876.54321  0.4s ago
  equity  USD  10050.25     0.4s ago

  FIGURE            polysimulator USD
  position value            173.70679
  starting capital        10000
  total P&L                  50.25

COMPLETE: 2 of 2 sources fresh
)");
}

TEST(RenderTableTest, PartialSnapshotNamesWhatIsMissing) {
  EXPECT_EQ(Show(kPartial, {80, false}), R"(accounts/desk-2  at 2026-01-02T03:04:05Z

REAL MONEY
  SOURCE  STATE         AGE  CUR     CASH  AVAILABLE  EQUITY
  pm-1    STALE     45s ago  USD     10.5         10       -
  pm-1    STALE     45s ago  EUR      7            -       -
  pm-1    STALE     45s ago  (none)   3            -       -
  pm-2    NO_DATA         -  -        -            -       -
  empty   FRESH    0.0s ago  holds nothing

  TOTAL  CUR  AMOUNT  OLDEST READING
  cash   USD  unknown (missing: pm-2), known subtotal 10.5
  cash   EUR       7  45s ago, stale

  failure  pm-1 SOURCE_UNREACHABLE: The upstream does not answer; the service
           keeps trying. [3 failures in a row, the first 42s ago; next attempt
           in 2.5s]
  warning  pm-1 CURRENCY_MISSING: A row has no currency.
  failure  pm-2 SOURCE_CREDENTIALS_REJECTED: The upstream rejects the key;
           replace it. [1 failure; next attempt with the next read]

SIMULATED MONEY (cannot be spent)
  SOURCE  STATE               AGE  CUR    CASH  AVAILABLE  EQUITY
  sim-1   FRESH          1.0s ago  USD  100.00          -       -
  sim-2   NOT_REQUESTED         -  -      -             -       -

  TOTAL   CUR  AMOUNT  OLDEST READING
  equity  USD  unknown (missing: sim-1, sim-2)

  note  sim-1, sim-2 see the same money, which is counted once in totals

PARTIAL: 2 of 5 sources fresh, 1 stale, 1 without data, 1 not requested
)");
}

// Whatever amounts the API has, those of a later version included.
TEST(RenderTableTest, EveryAmountOfARowIsShown) {
  v1::AccountSnapshot snapshot;
  v1::SourceBalance& source = *snapshot.add_sources();
  source.set_fund_class(v1::REAL_MONEY);
  v1::CurrencyBalance& row = *source.mutable_balance_set()->add_balances();
  std::vector<std::string> values;
  const auto& descriptor = *v1::CurrencyBalance::descriptor();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const auto* field = descriptor.field(i);
    if (field->message_type() != v1::Amount::descriptor()) continue;
    values.push_back(std::to_string(7000 + i) + ".5");
    auto* amount = row.GetReflection()->MutableMessage(&row, field);
    dynamic_cast<v1::Amount&>(*amount).set_value(values.back());
  }
  ASSERT_GE(values.size(), 14U);

  const std::string text = RenderSnapshot(snapshot, Now(), {});

  for (const std::string& value : values) EXPECT_THAT(text, HasSubstr(value));
  EXPECT_THAT(text, HasSubstr("margin requirement"));
  EXPECT_THAT(text, HasSubstr("total P&L"));
}

TEST(RenderTableTest, NarrowTerminalGetsRecords) {
  EXPECT_EQ(Show(kSmall, {40, false}), R"(accounts/small  at 2026-01-02T03:04:05Z

REAL MONEY
  SOURCE     pm
  STATE      FRESH
  AGE        1.0s ago
  CUR        USD
  CASH       10.50
  AVAILABLE  -
  EQUITY     -

  TOTAL  CUR  AMOUNT  OLDEST READING
  cash   USD   10.50  1.0s ago

  warning  pm LEGACY_KEY: The key is of
           the old kind; make a new one.

COMPLETE: 1 of 1 source fresh
)");
}

TEST(RenderTableTest, HostileTextIsWrittenOut) {
  EXPECT_EQ(Show(kHostile, {}), R"(accounts/x\x1b]0;owned\x07

REAL MONEY
  SOURCE  STATE  AGE  CUR           CASH  AVAILABLE  EQUITY
  pm      FRESH    -  U\x1b[2JSD  1\x1b2          -       -

  TOTAL  CUR      AMOUNT  OLDEST READING
  cash   U\x1bSD  unknown (missing: \x1b)

  WITHDRAWAL  SOURCE  CUR         AMOUNT  CREATED  ACKNOWLEDGED  DESCRIPTION
  \x0d\x0a    pm      U\x1b[2JSD       -  -        -             \u{202e} gnp

  OTHER FIELD  SOURCE  CUR         VALUE
  k\x09k       pm      U\x1b[2JSD  \xff\u{009b}

  failure  pm: a\x0aREAL MONEY\x0a
  warning  pm \x1b[31m: \x1b[0m

PARTIAL: 0 of 0 sources fresh
)");
}

TEST(RenderTableTest, StatesAndTitlesAreColoured) {
  const std::string text = Show(kPartial, {0, true});

  EXPECT_THAT(text, HasSubstr("\x1b[1mREAL MONEY\x1b[0m"));
  EXPECT_THAT(text, HasSubstr("\x1b[32mFRESH\x1b[0m"));
  EXPECT_THAT(text, HasSubstr("\x1b[33mSTALE\x1b[0m"));
  EXPECT_THAT(text, HasSubstr("\x1b[31mNO_DATA\x1b[0m"));
  EXPECT_THAT(text, HasSubstr("\x1b[33mPARTIAL\x1b[0m: "));
  EXPECT_THAT(Show(kComplete, {0, true}), HasSubstr("\x1b[32mCOMPLETE\x1b[0m: "));
}

TEST(RenderTableTest, ColourChangesNothingElse) {
  std::string text = Show(kPartial, {0, true});
  for (std::size_t at = text.find('\x1b'); at != std::string::npos; at = text.find('\x1b')) {
    text.erase(at, text.find('m', at) + 1 - at);
  }

  EXPECT_EQ(text, Show(kPartial, {}));
}

TEST(RenderTableTest, WithoutServeTimeAgesAreCountedToNow) {
  auto snapshot = Parse<v1::AccountSnapshot>(kSmall);
  snapshot.clear_serve_time();

  EXPECT_THAT(RenderSnapshot(snapshot, Now() + std::chrono::seconds(60), {}),
              HasSubstr("1m 1s ago"));
}

TEST(RenderTableTest, SourceOfUnknownClassHasItsOwnBlock) {
  auto snapshot = Parse<v1::AccountSnapshot>(kSmall);
  snapshot.mutable_sources(0)->set_fund_class(static_cast<v1::FundClass>(7));

  const std::string text = RenderSnapshot(snapshot, Now(), {});

  EXPECT_THAT(text, HasSubstr("MONEY OF UNKNOWN CLASS"));
  EXPECT_THAT(text, Not(HasSubstr("REAL MONEY")));
}

TEST(RenderTableTest, ListEndsWithASummary) {
  v1::ListAccountSnapshotsResponse list;
  *list.add_snapshots() = Parse<v1::AccountSnapshot>(kSmall);
  *list.add_snapshots() = Parse<v1::AccountSnapshot>(kPartial);
  list.add_unreachable("accounts/desk-2/sources/pm-2");

  const std::string text = RenderSnapshotList(list, Now(), {});

  EXPECT_TRUE(text.starts_with("accounts/small"));
  EXPECT_THAT(text, HasSubstr("\n\naccounts/desk-2  at "));
  EXPECT_TRUE(
      text.ends_with("\n\n2 accounts: 1 complete, 1 partial\n"
                     "without data: accounts/desk-2/sources/pm-2\n"));
}

TEST(RenderTableTest, EmptyListsSaySo) {
  EXPECT_EQ(RenderSnapshotList({}, Now(), {}), "0 accounts: 0 complete, 0 partial\n");
  EXPECT_EQ(RenderSources({}, Now(), {}), "no sources\n");
}

TEST(RenderTableTest, SourcesByAccount) {
  const std::string text = ShowSources({});

  EXPECT_THAT(text, MatchesRegex("accounts/a\n  SOURCE +KIND +MONEY [^\n]+\n"
                                 "  pm +POLYMARKET_US +real +PUSH +CLOSED [^\n]+\n"
                                 "  sim +POLYSIMULATOR +simulated +PUSH_DOWN +OPEN [^\n]+\n"
                                 "\naccounts/b\n[^\n]+\n"
                                 "  pm +POLYMARKET_US +real +- +HALF_OPEN [^\n]+\n"));
}

TEST(RenderTableTest, SourcesThatReplicasShare) {
  const auto answer = Parse<v1::ListSourcesResponse>(R"(
    sources {
      name: "accounts/a/sources/pm"
      fleet { connected: true budget_left: 3 lease_holder: "0a1b2c3d" }
    }
    sources { name: "accounts/a/sources/sim" fleet { budget_left: 2 } }
    sources { name: "accounts/a/sources/third" fleet { connected: true budget_left: 1 } })");

  const std::string text = RenderSources(answer, Now(), {});

  EXPECT_THAT(text, MatchesRegex("accounts/a\n  SOURCE [^\n]+  FLEET\n"
                                 "  pm [^\n]+  3 left, 0a1b2c3d reads\n"
                                 "  sim [^\n]+  away\n"
                                 "  third [^\n]+  1 left\n"));
}

TEST(RenderTableTest, SourcesOnANarrowTerminal) {
  EXPECT_EQ(ShowSources({80, false}), R"(accounts/a
  SOURCE          pm
  KIND            POLYMARKET_US
  MONEY           real
  FEED            PUSH
  BREAKER         CLOSED
  HOLD-OFF        -
  FAILS           0
  TTL             2s
  MAX STALE       60s
  RATE            2/s burst 2
  SKEW            -0.3s
  LAST GOOD READ  1.2s ago

  SOURCE          sim
  KIND            POLYSIMULATOR
  MONEY           simulated
  FEED            PUSH_DOWN
  BREAKER         OPEN
  HOLD-OFF        rejected, 1m; upstream asked, 3.0s
  FAILS           4
  TTL             0.5s
  MAX STALE       -
  RATE            0.5/s burst 1
  SKEW            -
  LAST GOOD READ  -

accounts/b
  SOURCE          pm
  KIND            POLYMARKET_US
  MONEY           real
  FEED            -
  BREAKER         HALF_OPEN
  HOLD-OFF        -
  FAILS           0
  TTL             -
  MAX STALE       -
  RATE            -
  SKEW            -
  LAST GOOD READ  -
)");
}

}  // namespace
}  // namespace balance::ctl
