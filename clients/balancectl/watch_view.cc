#include "clients/balancectl/watch_view.h"

#include <google/protobuf/util/message_differencer.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "clients/balancectl/exit_code.h"
#include "clients/balancectl/labels.h"
#include "clients/balancectl/text_table.h"
#include "google/rpc/error_details.pb.h"

namespace balance::ctl {
namespace {

using google::protobuf::util::MessageDifferencer;

const v1::SourceBalance* FindSource(const v1::AccountSnapshot& snapshot, std::string_view name) {
  const auto& sources = snapshot.sources();
  const auto found = std::find_if(sources.begin(), sources.end(),
                                  [name](const auto& source) { return source.name() == name; });
  return found == sources.end() ? nullptr : &*found;
}

v1::SourceBalance* FindSource(v1::AccountSnapshot& snapshot, std::string_view name) {
  return const_cast<v1::SourceBalance*>(
      FindSource(static_cast<const v1::AccountSnapshot&>(snapshot), name));
}

bool SaysTheSame(const v1::SourceBalance& a, const v1::SourceBalance& b) {
  return a.state() == b.state() && a.has_failure() == b.has_failure() &&
         MessageDifferencer::Equals(a.balance_set(), b.balance_set());
}

std::string FailureReason(const v1::SourceBalance& source) {
  google::rpc::ErrorInfo info;
  for (const auto& detail : source.failure().status().details()) {
    if (detail.Is<google::rpc::ErrorInfo>() && detail.UnpackTo(&info)) return info.reason();
  }
  return {};
}

TextTable WatchTable() {
  return TextTable({{"", Align::kLeft},
                    {"ACCOUNT", Align::kLeft},
                    {"SOURCE", Align::kLeft},
                    {"MONEY", Align::kLeft},
                    {"STATE", Align::kLeft},
                    {"AGE", Align::kRight},
                    {"CUR", Align::kLeft},
                    {"CASH", Align::kPoint},
                    {"AVAILABLE", Align::kPoint},
                    {"EQUITY", Align::kPoint},
                    {"FAILURE", Align::kLeft}});
}

void AddRows(const v1::AccountSnapshot& snapshot, const v1::SourceBalance& source, bool is_marked,
             WallTime now, TextTable& table) {
  const std::string failure = FailureReason(source);
  const std::vector<Cell> head = {
      is_marked ? Cell{"*", Style::kTitle} : Cell{},
      {ShortName(snapshot.name()), Style::kPlain},
      {ShortName(source.name()), Style::kPlain},
      {MoneyLabel(source.fund_class()), Style::kPlain},
      StateCell(source.state()),
      AgoCell(source.has_freshness(), source.freshness().observe_time(), now)};
  const auto add = [&](Cell currency, Cell cash, Cell available, Cell equity) {
    std::vector<Cell> row = head;
    for (Cell* cell : {&currency, &cash, &available, &equity}) row.push_back(std::move(*cell));
    row.push_back({failure, Style::kBad});
    table.AddRow(std::move(row));
  };
  for (const auto& balance : source.balance_set().balances()) {
    add({CurrencyLabel(balance.currency_code()), Style::kPlain},
        AmountCell(balance.has_cash(), balance.cash()),
        AmountCell(balance.has_available_to_trade(), balance.available_to_trade()),
        AmountCell(balance.has_equity(), balance.equity()));
  }
  if (source.balance_set().balances().empty()) {
    add(TextCell(""), TextCell(source.has_balance_set() ? "nothing" : ""), TextCell(""),
        TextCell(""));
  }
}

}  // namespace

void WatchView::OnBegin() {
  is_initial_ = true;
  is_synced_ = false;
  for (auto& [name, account] : accounts_) {
    account.is_told = false;
    account.told.Clear();
    for (const auto& source : account.snapshot.sources()) {
      if (source.has_freshness()) account.kept.insert(source.name());
    }
  }
}

void WatchView::Apply(const v1::WatchAccountSnapshotsResponse& message, WallTime now) {
  heard_ = now;
  lost_.reset();
  if (message.has_serve_time()) clock_ahead_ = ToWallTime(message.serve_time()) - now;
  switch (message.event_case()) {
    case v1::WatchAccountSnapshotsResponse::kSnapshot:
      return Apply(message.snapshot(), now);
    case v1::WatchAccountSnapshotsResponse::kRemoved:
      accounts_.erase(message.removed());
      return;
    case v1::WatchAccountSnapshotsResponse::kHeartbeat:
      return Apply(message.heartbeat());
    case v1::WatchAccountSnapshotsResponse::kGoodbye:
    case v1::WatchAccountSnapshotsResponse::EVENT_NOT_SET:
      return;
  }
}

void WatchView::Apply(const v1::AccountSnapshot& snapshot, WallTime now) {
  Account& account = accounts_[snapshot.name()];
  const bool is_new = account.snapshot.sources().empty();
  v1::AccountSnapshot shown = snapshot;
  for (auto& source : *shown.mutable_sources()) {
    const auto* const before = FindSource(std::as_const(account.snapshot), source.name());
    if (before && account.kept.contains(source.name())) {
      if (IsOlder(source, *before)) {
        source = *before;
      } else {
        account.kept.erase(source.name());
      }
    }
    if (!is_new && (!before || !SaysTheSame(*before, source))) {
      account.changed[source.name()] = now;
    }
  }
  account.is_told = true;
  account.told = snapshot;
  account.snapshot = std::move(shown);
}

bool WatchView::IsOlder(const v1::SourceBalance& told, const v1::SourceBalance& kept) const {
  // A server that has just begun knows nothing until it has asked.
  if (!told.has_freshness()) return !is_synced_;
  return ToWallTime(told.freshness().observe_time()) < ToWallTime(kept.freshness().observe_time());
}

void WatchView::TakeUnread(Account& account) {
  for (const auto& source : account.told.sources()) {
    if (source.has_freshness() || account.kept.erase(source.name()) == 0) continue;
    if (auto* const shown = FindSource(account.snapshot, source.name())) *shown = source;
  }
}

const v1::AccountSnapshot* WatchView::Find(const std::string& account) const {
  const auto found = accounts_.find(account);
  return found == accounts_.end() ? nullptr : &found->second.snapshot;
}

void WatchView::Apply(const v1::WatchAccountSnapshotsResponse::Heartbeat& heartbeat) {
  if (std::exchange(is_initial_, false)) {
    std::erase_if(accounts_, [](const auto& entry) { return !entry.second.is_told; });
  }
  has_initial_ = true;
  is_synced_ = heartbeat.synced();
  if (heartbeat.has_interval()) interval_ = ToNanoseconds(heartbeat.interval());
  for (const auto& progress : heartbeat.sources()) Apply(progress);
  if (!is_synced_) return;
  for (auto& [name, account] : accounts_) TakeUnread(account);
}

void WatchView::Apply(const v1::WatchAccountSnapshotsResponse::SourceProgress& progress) {
  const auto found = accounts_.find(progress.name().substr(0, progress.name().find("/sources/")));
  if (found == accounts_.end()) return;
  Account& account = found->second;
  auto* const shown = FindSource(account.snapshot, progress.name());
  const auto* const told = FindSource(std::as_const(account.told), progress.name());
  if (!shown || !told) return;
  if (account.kept.contains(progress.name())) {
    // The heartbeat is about this stream's reading, which replaces the kept one only if it is not
    // older.
    if (ToWallTime(progress.observe_time()) < ToWallTime(shown->freshness().observe_time())) return;
    account.kept.erase(progress.name());
    *shown = *told;
  }
  *shown->mutable_freshness()->mutable_observe_time() = progress.observe_time();
  *shown->mutable_freshness()->mutable_fresh_until() = progress.fresh_until();
}

void WatchView::OnLost(std::string why, WallTime now) {
  if (!lost_) lost_ = now;
  why_lost_ = std::move(why);
}

std::string WatchView::HeadLine(WallTime now, const std::string& server,
                                const Canvas& canvas) const {
  const auto count = std::to_string(accounts_.size());
  std::string line =
      Paint(count + (accounts_.size() == 1 ? " account" : " accounts") + " at " + server,
            Style::kTitle, canvas);
  if (heard_) {
    const auto heard = google::protobuf::util::TimeUtil::NanosecondsToTimestamp(
        (*heard_ + clock_ahead_).time_since_epoch().count());
    line += "  proven " + FormatUtc(heard) + ", " + FormatAgo(heard, now + clock_ahead_);
  }
  if (lost_) {
    return line + "  " + Paint("NO CONNECTION", Style::kBad, canvas) + " for " +
           FormatElapsed(now - *lost_) + "; trying again\n" + Wrap("", 0, why_lost_, canvas);
  }
  return line + (is_synced_ ? "" : "  (not all sources have been read yet)") + "\n";
}

std::string WatchView::Render(WallTime now, const std::string& server, const Canvas& canvas) const {
  std::string text = HeadLine(now, server, canvas) + "\n";
  TextTable table = WatchTable();
  for (const auto& [name, account] : accounts_) {
    for (const auto& source : account.snapshot.sources()) {
      const auto changed = account.changed.find(source.name());
      const bool is_marked = changed != account.changed.end() && now - changed->second < kMarked;
      AddRows(account.snapshot, source, is_marked, now + clock_ahead_, table);
    }
  }
  return table.empty() ? text + "no accounts\n" : text + table.Render(0, canvas);
}

int WatchView::ExitCode() const {
  if (!has_initial_) return kExitFailed;
  const bool is_complete =
      !lost_ && std::all_of(accounts_.begin(), accounts_.end(), [](const auto& entry) {
        return ExitCodeOf(entry.second.snapshot) == kExitComplete;
      });
  return is_complete ? kExitComplete : kExitPartial;
}

}  // namespace balance::ctl
