#include "clients/balancectl/render_table.h"

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "clients/balancectl/exit_code.h"
#include "clients/balancectl/figures.h"
#include "clients/balancectl/labels.h"
#include "google/rpc/error_details.pb.h"

namespace balance::ctl {
namespace {

constexpr std::size_t kIndent = 2;

struct Block {
  v1::FundClass fund_class;
  const char* title;
};
constexpr std::array<Block, 3> kBlocks = {
    {{v1::REAL_MONEY, "REAL MONEY"},
     {v1::SIMULATED_MONEY, "SIMULATED MONEY (cannot be spent)"},
     {v1::FUND_CLASS_UNSPECIFIED, "MONEY OF UNKNOWN CLASS"}}};

std::string Remark(std::string_view word, Style style, const std::string& text,
                   const Canvas& canvas) {
  const std::string head = std::string(kIndent, ' ') + Paint(word, style, canvas) + "  ";
  return Wrap(head, kIndent + DisplayWidth(word) + 2, text, canvas);
}

std::string DescribeFailure(const v1::SourceBalance& source, WallTime now) {
  const v1::SourceFailure& failure = source.failure();
  std::string text = ShortName(source.name());
  for (const auto& detail : failure.status().details()) {
    google::rpc::ErrorInfo info;
    if (detail.Is<google::rpc::ErrorInfo>() && detail.UnpackTo(&info)) text += " " + info.reason();
  }
  if (!failure.status().message().empty()) text += ": " + failure.status().message();
  std::string times;
  if (failure.consecutive_failures() > 0) {
    times = std::to_string(failure.consecutive_failures()) +
            (failure.consecutive_failures() == 1 ? " failure" : " failures in a row");
  }
  if (failure.has_first_failure_time()) {
    times += (times.empty() ? "first failure " : ", the first ") +
             FormatAgo(failure.first_failure_time(), now);
  }
  if (failure.has_next_attempt_time()) {
    const std::string left = FormatLeft(failure.next_attempt_time(), now);
    times += times.empty() ? "" : "; ";
    times += left.empty() ? "next attempt with the next read" : "next attempt in " + left;
  }
  return times.empty() ? text : text + " [" + times + "]";
}

std::string Remarks(const SourceList& sources, WallTime now, const Canvas& canvas) {
  std::string text;
  std::map<std::string, std::vector<std::string>> pools;
  for (const auto* source : sources) {
    if (source->has_failure()) {
      text += Remark("failure", Style::kBad, DescribeFailure(*source, now), canvas);
    }
    for (const auto& warning : source->warnings()) {
      const std::string detail = warning.detail().empty() ? "" : ": " + warning.detail();
      text += Remark("warning", Style::kCaution,
                     ShortName(source->name()) + " " + warning.reason() + detail, canvas);
    }
    if (!source->pool().empty()) pools[source->pool()].push_back(source->name());
  }
  for (const auto& [pool, names] : pools) {
    if (names.size() < 2) continue;
    text +=
        Remark("note", Style::kDim,
               ShortNames(names) + " see the same money, which is counted once in totals", canvas);
  }
  return text;
}

std::string RenderBlock(const v1::AccountSnapshot& snapshot, const Block& block, WallTime now,
                        const Canvas& canvas) {
  SourceList sources;
  for (const auto& source : snapshot.sources()) {
    const bool known =
        source.fund_class() == v1::REAL_MONEY || source.fund_class() == v1::SIMULATED_MONEY;
    if ((known ? source.fund_class() : v1::FUND_CLASS_UNSPECIFIED) == block.fund_class) {
      sources.push_back(&source);
    }
  }
  if (sources.empty()) return {};
  std::string text = "\n" + Paint(block.title, Style::kTitle, canvas) + "\n" +
                     MainFigures(sources, now).Render(kIndent, canvas);
  for (const TextTable& table : {Totals(snapshot, block.fund_class, now), OtherFigures(sources),
                                 PendingWithdrawals(sources), OtherFields(sources)}) {
    if (!table.empty()) text += "\n" + table.Render(kIndent, canvas);
  }
  const std::string remarks = Remarks(sources, now, canvas);
  return remarks.empty() ? text : text + "\n" + remarks;
}

std::string DescribeCompleteness(const v1::AccountSnapshot& snapshot, const Canvas& canvas) {
  const v1::Completeness& counts = snapshot.completeness();
  std::string text = std::to_string(counts.fresh()) + " of " + std::to_string(counts.configured()) +
                     (counts.configured() == 1 ? " source" : " sources") + " fresh";
  if (counts.stale() > 0) text += ", " + std::to_string(counts.stale()) + " stale";
  if (counts.missing() > 0) text += ", " + std::to_string(counts.missing()) + " without data";
  const int not_requested =
      counts.configured() - counts.fresh() - counts.stale() - counts.missing();
  if (not_requested > 0) text += ", " + std::to_string(not_requested) + " not requested";
  const bool complete = ExitCodeOf(snapshot) == kExitComplete;
  return Paint(complete ? "COMPLETE" : "PARTIAL", complete ? Style::kGood : Style::kCaution,
               canvas) +
         ": " + text + "\n";
}

// What holds requests back, and for how long.
std::string HoldOff(const v1::Source& source, WallTime now) {
  const auto left = [now](bool is_set, const google::protobuf::Timestamp& until) {
    return is_set ? FormatLeft(until, now) : "";
  };
  const std::string rejected = left(source.has_hold_off_until(), source.hold_off_until());
  const std::string pause = left(source.has_blocked_until(), source.blocked_until());
  std::string text;
  if (!rejected.empty()) text = "rejected, " + rejected;
  if (!pause.empty()) text += (text.empty() ? "" : "; ") + ("upstream asked, " + pause);
  return text;
}

std::string Rate(const v1::Source::Rate& rate) {
  std::ostringstream text;
  text << rate.requests_per_second() << "/s burst " << rate.burst();
  return text.str();
}

// How the source's login is shared with other replicas.
Cell FleetCell(const v1::Source& source) {
  if (!source.has_fleet()) return TextCell("");
  const v1::Source::Fleet& fleet = source.fleet();
  if (!fleet.connected()) return {"away", Style::kCaution};
  std::string text = std::to_string(fleet.budget_left()) + " left";
  if (!fleet.lease_holder().empty()) text += ", " + fleet.lease_holder() + " reads";
  return TextCell(text);
}

std::vector<Cell> SourceRow(const v1::Source& source, bool has_fleet, WallTime now) {
  const std::string hold_off = HoldOff(source, now);
  const auto setting = [](bool is_set, const google::protobuf::Duration& duration) {
    return TextCell(is_set ? FormatSetting(ToNanoseconds(duration)) : "");
  };
  Cell failures = TextCell(std::to_string(source.consecutive_failures()));
  if (source.consecutive_failures() > 0) failures.style = Style::kCaution;
  std::vector<Cell> row = {
      TextCell(ShortName(source.name())),
      TextCell(KindLabel(source.kind())),
      TextCell(MoneyLabel(source.fund_class())),
      FeedCell(source.feed()),
      BreakerCell(source.breaker_state()),
      hold_off.empty() ? TextCell("") : Cell{hold_off, Style::kCaution},
      failures,
      setting(source.cache().has_ttl(), source.cache().ttl()),
      setting(source.cache().has_max_stale(), source.cache().max_stale()),
      TextCell(source.has_rate() ? Rate(source.rate()) : ""),
      TextCell(source.has_clock_skew() ? FormatElapsed(ToNanoseconds(source.clock_skew())) : ""),
      AgoCell(source.has_last_observe_time(), source.last_observe_time(), now)};
  if (has_fleet) row.push_back(FleetCell(source));
  return row;
}

TextTable SourcesTable(bool has_fleet) {
  std::vector<Column> columns = {
      {"SOURCE", Align::kLeft}, {"KIND", Align::kLeft},    {"MONEY", Align::kLeft},
      {"FEED", Align::kLeft},   {"BREAKER", Align::kLeft}, {"HOLD-OFF", Align::kLeft},
      {"FAILS", Align::kRight}, {"TTL", Align::kRight},    {"MAX STALE", Align::kRight},
      {"RATE", Align::kLeft},   {"SKEW", Align::kRight},   {"LAST GOOD READ", Align::kRight}};
  if (has_fleet) columns.push_back({"FLEET", Align::kLeft});
  return TextTable(std::move(columns));
}

std::string AccountOf(const std::string& source_name) {
  return source_name.substr(0, source_name.find("/sources/"));
}

}  // namespace

std::string RenderSnapshot(const v1::AccountSnapshot& snapshot, WallTime now,
                           const Canvas& canvas) {
  const WallTime served = snapshot.has_serve_time() ? ToWallTime(snapshot.serve_time()) : now;
  std::string text = Paint(snapshot.name(), Style::kTitle, canvas);
  if (snapshot.has_serve_time()) text += "  at " + FormatUtc(snapshot.serve_time());
  if (snapshot.has_revision()) {
    text += "  revision " + std::to_string(snapshot.revision().number());
  }
  text += "\n";
  for (const Block& block : kBlocks) text += RenderBlock(snapshot, block, served, canvas);
  return text + "\n" + DescribeCompleteness(snapshot, canvas);
}

std::string RenderSnapshotList(const v1::ListAccountSnapshotsResponse& answer, WallTime now,
                               const Canvas& canvas) {
  std::string text;
  int complete = 0;
  for (const auto& snapshot : answer.snapshots()) {
    text += RenderSnapshot(snapshot, now, canvas) + "\n";
    if (ExitCodeOf(snapshot) == kExitComplete) ++complete;
  }
  const int partial = answer.snapshots_size() - complete;
  text += std::to_string(answer.snapshots_size()) +
          (answer.snapshots_size() == 1 ? " account: " : " accounts: ") + std::to_string(complete) +
          " complete, " + std::to_string(partial) + " partial\n";
  std::string unreachable;
  for (const auto& name : answer.unreachable()) {
    unreachable += (unreachable.empty() ? "" : ", ") + name;
  }
  if (unreachable.empty()) return text;
  constexpr std::string_view kHead = "without data: ";
  return text + Wrap(kHead, kHead.size(), unreachable, canvas);
}

std::string RenderSources(const v1::ListSourcesResponse& answer, WallTime now,
                          const Canvas& canvas) {
  if (answer.sources().empty()) return "no sources\n";
  std::string text;
  for (auto first = answer.sources().begin(); first != answer.sources().end();) {
    const std::string account = AccountOf(first->name());
    const auto last = std::find_if(first, answer.sources().end(), [&](const v1::Source& source) {
      return AccountOf(source.name()) != account;
    });
    const bool has_fleet =
        std::any_of(first, last, [](const v1::Source& source) { return source.has_fleet(); });
    TextTable table = SourcesTable(has_fleet);
    std::for_each(first, last, [&](const v1::Source& source) {
      table.AddRow(SourceRow(source, has_fleet, now));
    });
    text += (text.empty() ? "" : "\n") + Paint(account, Style::kTitle, canvas) + "\n" +
            table.Render(kIndent, canvas);
    first = last;
  }
  return text;
}

}  // namespace balance::ctl
