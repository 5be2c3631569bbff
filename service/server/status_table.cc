#include "service/server/status_table.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string_view>

#include "proto/balance_v1.h"
#include "service/server/html_text.h"
#include "service/server/status_text.h"
#include "service/snapshot/encode.h"

namespace balance {
namespace {

// Fields of v1.Source up to this number are shown in columns of their own.
constexpr int kLastKnownField = v1::Source::kPollIntervalFieldNumber;

// A cell whose `html` is HTML already.
std::string Cell(std::string_view label, const std::string& html, std::string_view kind = "") {
  return fmt::format("<td data-label=\"{}\"{}{}>{}</td>", label,
                     kind.empty() ? "" : " class=", kind,
                     html.empty() ? "-" : "<span>" + html + "</span>");
}

std::string Word(std::string_view word, std::string_view kind) {
  return fmt::format("<span class=\"word {}\">{}</span>", kind, word);
}

// The head of a table, and the start of its body.
std::string TableHead(std::string_view caption, std::initializer_list<std::string_view> columns) {
  std::string out =
      fmt::format("<table class=cards><caption>{}</caption><thead><tr>", EscapeHtml(caption));
  for (const std::string_view column : columns) out += fmt::format("<th scope=col>{}</th>", column);
  return out + "</tr></thead><tbody>\n";
}

std::string StateCell(const StatusRow& row) {
  const std::string_view kind = row.state == SourceState::kFresh ? "good"
                                : row.is_failing                 ? "bad"
                                                                 : "faint";
  return Cell("State", Word(NameOf(row.state), kind));
}

std::string AgeCell(const SourceStatus& status, Now now) {
  if (!status.reading) return Cell("Age, TTL", "never read");
  const Duration age = now.steady - status.reading->observe_steady;
  const Duration ttl = status.FreshFor();
  const auto seconds = [](Duration time) { return std::chrono::duration<double>(time).count(); };
  return Cell("Age, TTL",
              fmt::format("<meter max={0:.3f} value={1:.3f}></meter>{2} of {3}", seconds(ttl),
                          std::clamp(seconds(age), 0.0, seconds(ttl)), ShortDuration(age),
                          ShortDuration(ttl)),
              "number");
}

std::string BreakerCell(BreakerState breaker) {
  return Cell("Breaker", Word(NameOf(breaker), breaker == BreakerState::kClosed ? "faint" : "bad"));
}

std::string PauseCell(const PathState& path, Now now) {
  std::string text;
  const auto add = [&](const char* what, std::optional<SteadyTime> until) {
    if (!until || *until <= now.steady) return;
    if (!text.empty()) text += "<br>";
    text += Word(what, "bad") + " for " + ShortDuration(*until - now.steady);
  };
  add("hold-off", path.hold_off_until);
  add("pause", path.blocked_until);
  return Cell("Hold-off", text);
}

std::string BudgetCell(const StatusRow& row, Now now) {
  const RateSettings& rate = row.status.info->rate;
  const Duration until_full = row.path.budget_full_at.value_or(now.steady) - now.steady;
  const double used = std::ceil(std::chrono::duration<double>(until_full).count() *
                                std::max(rate.requests_per_second, RateSettings::kLeastPerSecond));
  const int left =
      static_cast<int>(std::clamp(rate.burst - used, 0.0, double{RateSettings::kMostBurst}));
  return Cell("Budget left",
              fmt::format("{} of {}, {}/s", left, rate.burst, rate.requests_per_second), "number");
}

std::string FeedCell(const SourceStatus& status) {
  const FeedState feed = status.feed();
  return Cell("Feed", Word(NameOf(feed), feed == FeedState::kPushDown ? "warn" : "faint"));
}

// When the source is asked again, as far as is known.
std::string HealingText(const StatusRow& row, Now now) {
  const SourceFailure& failure = *row.status.failure;
  SteadyTime next = failure.next_turn;
  if (row.path.hold_off_until) next = std::max(next, *row.path.hold_off_until);
  if (row.path.blocked_until) next = std::max(next, *row.path.blocked_until);
  if (row.path.is_forbidden) next = std::max(next, failure.next_attempt);
  const std::string when = next > now.steady ? "asked again in " + ShortDuration(next - now.steady)
                                             : std::string("asked again with the next read");
  return TraitsOf(failure.error.kind).heals ? when : "does not heal by itself; " + when;
}

std::string FailureCell(const StatusRow& row, Now now) {
  std::string text;
  if (const SourceFailure* failure = row.status.failure.get()) {
    text = Word(TraitsOf(failure->error.kind).reason, "bad") + " " +
           EscapeHtml(failure->error.message);
    if (!failure->error.request_id.empty()) {
      text += " Request id " + EscapeHtml(failure->error.request_id) + ".";
    }
    text += fmt::format("<br><span class=faint>{} in a row", failure->consecutive_failures);
    if (failure->first_failure_time) {
      text += ", since " + ShortDuration(now.wall - *failure->first_failure_time);
    }
    text += "; " + HealingText(row, now) + "</span>";
  } else if (row.status.reading) {
    for (const Warning& warning : row.status.reading->warnings) {
      if (!text.empty()) text += "<br>";
      text += Word(WarningReason(warning.kind), "warn") + " " + EscapeHtml(warning.detail);
    }
  }
  if (row.path.uses_previous_credential) {
    text += Word(" The new credential is rejected; the one before still serves.", "bad");
  }
  return Cell("Last failure", text);
}

// What else is told of a source, as JSON has it.
std::string OtherFields(const SourceStatus& status, Now now) {
  v1::Source source;
  EncodeSourceStatus(status, now, source);
  const StatusSection others = SectionOf("", source, kLastKnownField + 1);
  std::string text;
  for (const auto& [name, value] : others.rows) {
    text += fmt::format("<br><span class=faint>{}: {}</span>", EscapeHtml(name), EscapeHtml(value));
  }
  return text;
}

std::string SourceRow(const StatusRow& row, Now now) {
  return "<tr>" +
         Cell("Source", EscapeHtml(SourceName(*row.status.info)) + OtherFields(row.status, now)) +
         StateCell(row) + AgeCell(row.status, now) + BreakerCell(row.path.breaker) +
         PauseCell(row.path, now) + BudgetCell(row, now) + FeedCell(row.status) +
         FailureCell(row, now) + "</tr>\n";
}

std::string Count(std::string_view label, std::size_t count, std::string_view kind) {
  return Cell(label, count == 0 ? std::string("0") : Word(std::to_string(count), kind), "number");
}

std::string KindRow(const StatusOverview::Kind& kind) {
  const SourceCensus& census = kind.census;
  const auto in = [&](SourceState state) {
    return static_cast<std::size_t>(census.in_state[static_cast<std::size_t>(state)]);
  };
  std::size_t failing = 0;
  for (const int count : census.failing) failing += static_cast<std::size_t>(count);
  const auto breakers =
      kind.sources -
      static_cast<std::size_t>(census.breakers[static_cast<std::size_t>(BreakerState::kClosed)]);
  const auto down =
      static_cast<std::size_t>(census.feeds[static_cast<std::size_t>(FeedState::kPushDown)]);
  return "<tr>" + Cell("Venue", EscapeHtml(kind.name)) + Count("Sources", kind.sources, "") +
         Count("Fresh", in(SourceState::kFresh), "good") +
         Count("Stale", in(SourceState::kStale), "faint") +
         Count("No data", in(SourceState::kNoData), "faint") + Count("Failing", failing, "bad") +
         Count("Breakers open", breakers, "bad") +
         Count("Held off", static_cast<std::size_t>(census.held_off), "bad") +
         Count("Paused", static_cast<std::size_t>(census.blocked), "bad") +
         Count("Push down", down, "warn") +
         Cell("Oldest reading", ShortDuration(census.oldest_reading_age), "number") +
         Cell("Clock", ShortDuration(census.clock_skew), "number") + "</tr>\n";
}

std::string ConnectionRow(const ConnectionInfo& connection) {
  std::string names;
  for (const std::string& name : connection.names) {
    if (!names.empty()) names += "<br>";
    names += EscapeHtml(name);
  }
  return "<tr>" + Cell("Peer", EscapeHtml(connection.peer)) + Cell("Certificate", names) +
         Cell("TLS", connection.is_tls ? "yes" : Word("no", "faint")) +
         Cell("Age", ShortDuration(connection.age), "number") +
         Cell("Silent", ShortDuration(connection.silent), "number") +
         Cell("Calls",
              fmt::format("{} open, {} in all", connection.calls_open, connection.calls_total),
              "number") +
         Cell("Not taken", ShortBytes(static_cast<double>(connection.untaken_bytes)), "number") +
         Cell("", connection.is_draining ? Word("told to end", "faint") : "") + "</tr>\n";
}

}  // namespace

std::string KindTable(const std::vector<StatusOverview::Kind>& kinds) {
  if (kinds.empty()) return "";
  std::string out =
      TableHead("Sources by venue",
                {"Venue", "Sources", "Fresh", "Stale", "No data", "Failing", "Breakers open",
                 "Held off", "Paused", "Push down", "Oldest reading", "Clock ahead by"});
  for (const StatusOverview::Kind& kind : kinds) out += KindRow(kind);
  return out + "</tbody></table>\n";
}

std::string SourceTable(const std::vector<const StatusRow*>& rows, Now now,
                        const std::string& caption) {
  std::string out = TableHead(caption, {"Source", "State", "Age, TTL", "Breaker", "Hold-off",
                                        "Budget left", "Feed", "Last failure, and when it heals"});
  for (const StatusRow* row : rows) out += SourceRow(*row, now);
  return out + "</tbody></table>\n";
}

std::string ConnectionTable(std::vector<ConnectionInfo> connections, std::size_t most) {
  std::string out = "<h2>Connections of callers</h2>\n";
  if (connections.empty()) return out + "<p class=faint>None that is told of.</p>\n";
  std::stable_sort(connections.begin(), connections.end(),
                   [](const ConnectionInfo& a, const ConnectionInfo& b) {
                     if (a.untaken_bytes != b.untaken_bytes) {
                       return a.untaken_bytes > b.untaken_bytes;
                     }
                     return a.calls_open > b.calls_open;
                   });
  const std::size_t shown = std::min(most, connections.size());
  const std::string caption =
      shown == connections.size()
          ? fmt::format("All {}", shown)
          : fmt::format("{} of {}; the JSON has them all", shown, connections.size());
  out +=
      TableHead(caption, {"Peer", "Certificate", "TLS", "Age", "Silent", "Calls", "Not taken", ""});
  for (std::size_t i = 0; i < shown; ++i) out += ConnectionRow(connections[i]);
  return out + "</tbody></table>\n";
}

}  // namespace balance
