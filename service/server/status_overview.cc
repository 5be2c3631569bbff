#include "service/server/status_overview.h"

#include <algorithm>
#include <utility>

#include "service/feed/read_policy.h"
#include "service/snapshot/encode.h"

namespace balance {
namespace {

constexpr ReadBounds kAsACachedRead{.only_if_cached = true};

StatusRow Judge(SourceStatus source, Now now) {
  StatusRow row;
  if (source.path) row.path = source.path->Probe(now);
  row.state = Show(source, kAsACachedRead, Waited::kNot, now, now).state;
  row.is_failing = source.failure || source.is_rejected || row.path.is_forbidden ||
                   row.path.breaker != BreakerState::kClosed;
  row.is_troubled =
      row.is_failing || row.path.uses_previous_credential || source.feed() == FeedState::kPushDown;
  row.status = std::move(source);
  return row;
}

// The order on the page; the least first.
int PlaceOf(const StatusRow& row) { return row.is_failing ? 0 : row.is_troubled ? 1 : 2; }

bool IsAskedFor(const StatusRow& row, const StatusQuery& query) {
  if (query.only_troubled && !row.is_troubled) return false;
  return query.find.empty() || SourceName(*row.status.info).find(query.find) != std::string::npos;
}

}  // namespace

StatusOverview::StatusOverview(std::vector<SourceStatus> sources,
                               const std::vector<NamedKind>& kinds, Now now) {
  for (const NamedKind& named : kinds) {
    const auto count =
        std::count_if(sources.begin(), sources.end(),
                      [&](const SourceStatus& source) { return source.info->kind == named.kind; });
    if (count == 0) continue;
    kinds_.push_back(
        {named.name, static_cast<std::size_t>(count), CountSources(named.kind, sources, now)});
  }
  rows_.reserve(sources.size());
  for (SourceStatus& source : sources) rows_.push_back(Judge(std::move(source), now));
  std::stable_sort(rows_.begin(), rows_.end(),
                   [](const StatusRow& a, const StatusRow& b) { return PlaceOf(a) < PlaceOf(b); });
  troubled_ = static_cast<std::size_t>(std::count_if(
      rows_.begin(), rows_.end(), [](const StatusRow& row) { return row.is_troubled; }));
}

StatusOverview::Page StatusOverview::Find(const StatusQuery& query) const {
  std::vector<const StatusRow*> found;
  for (const StatusRow& row : rows_) {
    if (IsAskedFor(row, query)) found.push_back(&row);
  }
  Page page;
  page.total = found.size();
  page.count = std::max<std::size_t>(1, (found.size() + kPageSize - 1) / kPageSize);
  page.number = std::clamp<std::size_t>(query.page, 1, page.count);
  const std::size_t first = (page.number - 1) * kPageSize;
  const std::size_t last = std::min(first + kPageSize, found.size());
  page.rows.assign(found.begin() + static_cast<std::ptrdiff_t>(first),
                   found.begin() + static_cast<std::ptrdiff_t>(last));
  return page;
}

}  // namespace balance
