#include "service/server/status_html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "proto/balance_v1.h"
#include "service/server/html_text.h"
#include "service/server/status_assets.h"
#include "service/server/status_plot.h"
#include "service/server/status_sections.h"
#include "service/server/status_text.h"
#include "tests/support/fake_clock.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr SourceKind kReal{v1::POLYMARKET_US};

class FixedPath final : public PathProbe {
 public:
  explicit FixedPath(PathState state) : state_(state) {}
  PathState Probe(Now) const override { return state_; }

 private:
  const PathState state_;
};

std::size_t CountOf(const std::string& text, std::string_view piece) {
  std::size_t count = 0;
  for (auto at = text.find(piece); at != text.npos; at = text.find(piece, at + 1)) ++count;
  return count;
}

class StatusHtmlTest : public testing::Test {
 protected:
  SourceStatus MakeSource(const std::string& account, Duration age) const {
    SourceInfo info;
    info.account = account;
    info.source = "venue";
    info.kind = kReal;
    info.cache = {seconds(2), seconds(5), seconds(60), milliseconds(500)};
    info.rate = {2, 4};
    Reading reading;
    reading.observe_steady = clock_.SteadyNow() - age;
    reading.observe_time = clock_.WallNow() - age;
    SourceStatus status;
    status.info = std::make_shared<const SourceInfo>(info);
    status.reading = std::make_shared<const Reading>(std::move(reading));
    return status;
  }

  void Fail(SourceStatus& status, ErrorKind kind, const std::string& message, Duration next) const {
    SourceFailure failure;
    failure.error.kind = kind;
    failure.error.message = message;
    failure.consecutive_failures = 3;
    failure.first_failure_time = clock_.WallNow() - seconds(90);
    failure.next_turn = failure.next_attempt = clock_.SteadyNow() + next;
    status.failure = std::make_shared<const SourceFailure>(failure);
  }

  StatusFacts Facts(std::vector<SourceStatus> sources) const {
    StatusFacts facts;
    facts.now = clock_.Time();
    facts.version = "1.2.3";
    facts.is_ready = true;
    facts.kinds = {{kReal, "POLYMARKET_US"}};
    facts.sources = std::move(sources);
    facts.history[kReal];
    return facts;
  }

  static std::string Page(StatusFacts facts, const std::string& query = "") {
    const StatusOverview overview(std::move(facts.sources), facts.kinds, facts.now);
    return RenderStatusHtml(facts, overview, StatusQuery::Parse(query));
  }

  FakeClock clock_;
};

TEST_F(StatusHtmlTest, ASourceThatIsWellSaysSo) {
  const std::string page = Page(Facts({MakeSource("desk-1", milliseconds(500))}));

  EXPECT_THAT(page, AllOf(HasSubstr("accounts/desk-1/sources/venue"), HasSubstr("FRESH"),
                          HasSubstr("500 ms of 2.0 s"), HasSubstr("4 of 4, 2/s"),
                          HasSubstr("No trouble"), HasSubstr("POLL"), HasSubstr("CLOSED")));
}

TEST_F(StatusHtmlTest, TroubleSaysWhatItIsAndWhenItHeals) {
  auto down = MakeSource("desk-1", seconds(200));
  Fail(down, ErrorKind::kUnreachable, "the connection was refused", seconds(12));
  auto rejected = MakeSource("desk-2", seconds(1));
  Fail(rejected, ErrorKind::kCredentialsRejected, "the key is rejected", seconds(1));
  PathState path;
  path.breaker = BreakerState::kOpen;
  path.hold_off_until = clock_.SteadyNow() + std::chrono::minutes(5);
  path.budget_full_at = clock_.SteadyNow() + seconds(1);
  path.is_forbidden = true;
  rejected.path = std::make_shared<const FixedPath>(path);

  const std::string page = Page(Facts({down, rejected, MakeSource("desk-3", seconds(1))}));

  EXPECT_THAT(page, AllOf(HasSubstr("2 of 3 sources have trouble"), HasSubstr("SOURCE_UNREACHABLE"),
                          HasSubstr("asked again in 12.0 s"),
                          HasSubstr("3 in a row, since 1 min 30 s"), HasSubstr("NO_DATA")));
  EXPECT_THAT(page, AllOf(HasSubstr("does not heal by itself; asked again in 5 min"),
                          HasSubstr("hold-off</span> for 5 min"), HasSubstr("OPEN"),
                          HasSubstr("2 of 4, 2/s")));
}

TEST_F(StatusHtmlTest, TextFromElsewhereCannotBreakOut) {
  const std::string evil = "\"'></td><script>alert(1)</script><img src=x onerror=y>\x01\xff&";
  auto source = MakeSource(evil, seconds(1));
  Fail(source, ErrorKind::kUpstreamError, evil, seconds(1));
  Reading reading = *source.reading;
  reading.warnings.push_back({WarningKind::kUnknownFields, evil});
  auto warned = MakeSource("desk", seconds(1));
  warned.reading = std::make_shared<const Reading>(std::move(reading));
  StatusFacts facts = Facts({source, warned});
  facts.version = evil;
  facts.connections.emplace_back().peer = evil;
  facts.connections.back().names = {evil};
  facts.sections.push_back({evil, {{evil, evil}}});

  const std::string page = Page(facts, "find=" + std::string("%22%3E%3Cscript%3E"));

  EXPECT_THAT(Page(facts), Not(HasSubstr("<script>alert")));
  EXPECT_EQ(CountOf(Page(facts), "<script>"), 1U);
  EXPECT_EQ(CountOf(Page(facts), "<img"), 0U);
  EXPECT_THAT(page,
              AllOf(HasSubstr("&quot;&gt;&lt;script&gt;"), HasSubstr("No source is like that")));
  EXPECT_EQ(EscapeHtml(evil),
            "&quot;&#39;&gt;&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x "
            "onerror=y&gt;\xEF\xBF\xBD\xEF\xBF\xBD&amp;");
}

TEST_F(StatusHtmlTest, NothingNeedsAnythingFromElsewhere) {
  const std::string page = Page(Facts({MakeSource("desk-1", seconds(1))}));

  EXPECT_THAT(page, AllOf(Not(HasSubstr("http:")), Not(HasSubstr("https:")), Not(HasSubstr("//")),
                          Not(HasSubstr("style=\"")), Not(HasSubstr("onclick"))))
      << page;
  EXPECT_THAT(StatusPagePolicy(), AllOf(HasSubstr("default-src 'none'"), HasSubstr("'sha256-"),
                                        Not(HasSubstr("unsafe"))));
}

TEST_F(StatusHtmlTest, TenThousandAccountsFillPagesThoseWithTroubleFirst) {
  std::vector<SourceStatus> sources;
  for (int i = 0; i < 10'000; ++i) {
    sources.push_back(MakeSource("desk-" + std::to_string(10'000 + i), seconds(1)));
  }
  Fail(sources[9'876], ErrorKind::kUnreachable, "the connection was refused", seconds(1));
  const StatusFacts facts = Facts(std::move(sources));

  const std::string first = Page(facts);
  EXPECT_LT(first.size(), 200'000U);
  EXPECT_EQ(CountOf(first, "data-label=\"Source\""), StatusOverview::kPageSize);
  EXPECT_LT(first.find("accounts/desk-19876/"), first.find("accounts/desk-10000/"));
  EXPECT_THAT(first, HasSubstr("Page 1 of 100"));
  EXPECT_THAT(Page(facts, "page=100"), HasSubstr("accounts/desk-19999/"));
  EXPECT_THAT(Page(facts, "page=1000"), HasSubstr("Page 100 of 100"));
  EXPECT_EQ(CountOf(Page(facts, "show=troubled"), "data-label=\"Source\""), 1U);
  EXPECT_EQ(CountOf(Page(facts, "find=DESK-1234"), "data-label=\"Source\""), 10U);
}

TEST_F(StatusHtmlTest, ThereAreNoMoreConnectionsThanARoomful) {
  StatusFacts facts = Facts({});
  for (std::size_t i = 0; i < 1000; ++i) {
    ConnectionInfo& connection = facts.connections.emplace_back();
    connection.peer = "10.0.0.1:" + std::to_string(i);
    connection.untaken_bytes = i;
  }
  const std::string page = Page(facts);

  EXPECT_EQ(CountOf(page, "data-label=\"Peer\""), kMostConnectionsShown);
  EXPECT_THAT(page, AllOf(HasSubstr("50 of 1000"), HasSubstr("10.0.0.1:999<"),
                          Not(HasSubstr("10.0.0.1:5<"))));
}

TEST_F(StatusHtmlTest, PlotsHaveGapsWhereThereIsNothing) {
  PlotLine line{"<venue>", 0, false, std::vector<double>(RefreshHistory::kSteps, -1)};
  line.seconds[3] = 0.25;
  line.seconds[4] = 0.5;
  line.seconds[9] = 0.3;

  const std::string plot = RenderPlot("Time", {line});

  EXPECT_EQ(CountOf(plot, "class=\"line c0\" d=\"M66.6"), 1U) << plot;
  EXPECT_THAT(plot, AllOf(HasSubstr("&lt;venue&gt;: 300 ms"), HasSubstr(">500 ms<"),
                          HasSubstr("-10 min"), HasSubstr("now")));
  EXPECT_EQ(RoundUpToTick(0), 0.01);
  EXPECT_EQ(RoundUpToTick(0.3), 0.5);
  EXPECT_EQ(RoundUpToTick(2.1), 5);
}

TEST_F(StatusHtmlTest, DurationsAndBytesAreShort) {
  EXPECT_EQ(ShortDuration(milliseconds(999)), "999 ms");
  EXPECT_EQ(ShortDuration(milliseconds(1999)), "1.9 s");
  EXPECT_EQ(ShortDuration(seconds(60)), "1 min");
  EXPECT_EQ(ShortDuration(seconds(7261)), "2 h 1 min");
  EXPECT_EQ(ShortDuration(-std::chrono::days(3)), "-3 d");
  EXPECT_EQ(ShortBytes(1023), "1023 B");
  EXPECT_EQ(ShortBytes(1536), "1.5 KiB");
}

TEST_F(StatusHtmlTest, AnyMessageIsASection) {
  v1::Source source;
  source.set_name("accounts/a/sources/b");
  source.set_feed(v1::Source::PUSH);
  source.mutable_cache()->mutable_ttl()->set_seconds(2);

  const StatusSection section = SectionOf("Source", source);

  ASSERT_EQ(section.rows.size(), 3U);
  EXPECT_EQ(section.rows[0].first, "name");
  EXPECT_EQ(section.rows[1], (std::pair<std::string, std::string>("cache", "ttl { seconds: 2 }")));
  EXPECT_EQ(section.rows[2].second, "PUSH");
  EXPECT_EQ(SectionOf("", source, 12).rows.size(), 1U);
}

TEST(StatusSectionsTest, TlsSaysWhenItsCertificateEnds) {
  const WallTime now{std::chrono::sys_days(std::chrono::year(2026) / 11 / 1)};
  TlsInForce tls;
  tls.settings.client_ca_file = "ca.pem";
  tls.expires = std::chrono::sys_days(std::chrono::year(2026) / 11 / 8);
  tls.are_files_refused = true;

  const StatusSection section = TlsSection(tls, now);

  EXPECT_EQ(section.rows[0].second, "2026-11-08T00:00:00Z, in 7 d");
  EXPECT_THAT(section.rows[1].second, HasSubstr("refused"));
  EXPECT_EQ(section.rows.back().second, "REQUIRED");
  EXPECT_EQ(TlsSection(std::nullopt, now).rows[0].second, "none: plaintext");
}

}  // namespace
}  // namespace balance
