#include "service/snapshot/account_view.h"

#include <algorithm>
#include <utility>

#include "service/snapshot/merge.h"

namespace balance {
namespace {

// A reader without bounds who never fetches: what the published snapshot is made for.
constexpr ReadBounds kCachedOnly{.only_if_cached = true};

// True if there are sources, and all of them are FRESH.
bool AreFresh(const std::vector<SourceView>& views) {
  return !views.empty() && std::all_of(views.begin(), views.end(), [](const SourceView& view) {
    return view.state == SourceState::kFresh;
  });
}

// REQUIRES: all are FRESH.
SteadyTime FreshUntil(const std::vector<SourceView>& views) {
  SteadyTime until = SteadyTime::max();
  for (const SourceView& view : views) {
    until = std::min(until, view.reading->observe_steady + view.fresh_for);
  }
  return until;
}

// REQUIRES: all are FRESH.
Now OldestObserved(const std::vector<SourceView>& views) {
  Now oldest{WallTime::max(), SteadyTime::max()};
  for (const SourceView& view : views) {
    oldest.wall = std::min(oldest.wall, view.reading->observe_time);
    oldest.steady = std::min(oldest.steady, view.reading->observe_steady);
  }
  return oldest;
}

}  // namespace

std::vector<SourceView> AccountView::Shown() const {
  std::vector<SourceView> views;
  views.reserve(statuses.size());
  for (const SourceStatus& status : statuses) {
    views.push_back(Show(status, kCachedOnly, Waited::kNot, published, published));
    views.back().retry_after.reset();
  }
  return views;
}

const SharedBytes& AccountView::Encoded(EncodeView detail) const {
  return encodings[static_cast<std::size_t>(detail)].Get([this, detail] {
    return EncodedSnapshot(statuses.front().info->account, Shown(), revision, detail);
  });
}

bool Answers(const AccountView& view, const ReadBounds& bounds, Now now) {
  if (now.steady > view.fresh_until) return false;
  if (!bounds.IsExplicit()) return true;
  // Only the request's own bounds are left to be checked: the TTLs are met.
  return OldestAcceptable(bounds, Duration::max(), now).IsMetBy(view.oldest_observed);
}

AccountPublisher::AccountPublisher(std::string account, std::string epoch, const Clock& clock)
    : account_(std::move(account)), epoch_(std::move(epoch)), clock_(clock) {}

std::int64_t AccountPublisher::OnAccountChange(const std::vector<SourceStatus>& sources) {
  const Now now = clock_.Time();
  auto view = std::make_shared<AccountView>();
  view->statuses = sources;
  view->published = now;
  view->next_state_change = SteadyTime::max();
  for (const SourceStatus& status : sources) {
    view->early_refresh_at = std::min(view->early_refresh_at, status.early_refresh_at);
    view->next_state_change =
        std::min(view->next_state_change, NextStateChange(status, now.steady));
  }
  std::vector<SourceView> views = view->Shown();
  const bool is_news = number_ == 0 || !HaveSameContent(views, content_);
  if (is_news) ++number_;
  view->revision = {epoch_, number_};
  if (AreFresh(views)) {
    view->fresh_until = FreshUntil(views);
    view->oldest_observed = OldestObserved(views);
  }
  content_ = std::move(views);
  topic_.Publish(std::move(view), is_news);
  return number_;
}

}  // namespace balance
