#include "service/feed/account_feed.h"

#include <algorithm>
#include <string>
#include <utility>

namespace balance {
namespace {

// A failure of the wait, not of the source: it is shown unless the source has a failure of its own.
void ExplainMissing(SourceView& view, ErrorKind kind, std::string message, Duration retry_after) {
  if (view.reading || view.failure) return;
  auto failure = std::make_shared<SourceFailure>();
  failure->error.kind = kind;
  failure->error.message = std::move(message);
  failure->error.retry_after = retry_after;
  view.failure = std::move(failure);
}

Now NowBy(const Clock& clock) { return {clock.WallNow(), clock.SteadyNow()}; }

}  // namespace

std::optional<AccountAnswer> AnswerFromCache(const std::vector<SourceStatus>& sources,
                                             const AccountRead& read, Now now) {
  AccountAnswer answer;
  answer.sources.reserve(sources.size());
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (!read.wanted[i]) {
      answer.sources.push_back(ShowNotRequested(sources[i]));
      continue;
    }
    if (Decide(sources[i], read.bounds, now) != ReadAction::kAnswer) return std::nullopt;
    answer.sources.push_back(Show(sources[i], read.bounds, Waited::kNot, now, now));
  }
  answer.gave_up.assign(sources.size(), false);
  return answer;
}

// One read: a view for each source as soon as it can be had, all of them by `answer_by`.
class AccountFeed::PendingRead : public std::enable_shared_from_this<PendingRead> {
 public:
  PendingRead(AccountFeed& account, ReadId id, AccountRead read, OnAnswer on_answer)
      : account_(account),
        id_(id),
        read_(std::move(read)),
        on_answer_(std::move(on_answer)),
        asked_(NowBy(account.clock_)),
        waits_(account.feeds_.size()),
        deadline_(account.executor_, account.clock_) {
    answer_.sources.resize(waits_.size());
    answer_.gave_up.assign(waits_.size(), false);
  }

  void Start() {
    for (std::size_t i = 0; i < waits_.size(); ++i) StartSource(i);
    if (open_ == 0) return Complete();
    if (read_.answer_by == SteadyTime::max()) return;
    deadline_.Set(read_.answer_by, [self = shared_from_this()] { self->GiveUp(); });
  }

  // Leaves every wait; `on_answer` will not be called.
  void Abandon() {
    on_answer_ = nullptr;
    ForgetWaits();
  }

 private:
  void StartSource(std::size_t i) {
    SourceFeed& feed = *account_.feeds_[i];
    if (!read_.wanted[i]) {
      answer_.sources[i] = ShowNotRequested(feed.status());
      return;
    }
    const ReadAction action = Decide(feed.status(), read_.bounds, asked_);
    if (action != ReadAction::kWait) {
      answer_.sources[i] = Show(feed.status(), read_.bounds, Waited::kNot, asked_, asked_);
      if (action == ReadAction::kAnswerAndRefresh) feed.RefreshInBackground();
      return;
    }
    const SteadyTime oldest = OldestAcceptable(read_.bounds, feed.status().info->cache, asked_);
    const SteadyTime send = feed.EarliestSendFor(oldest);
    if (send > asked_.steady && send >= read_.answer_by) return RefuseTurn(i, send);
    ++open_;
    waits_[i] =
        feed.Wait(oldest, [self = shared_from_this(), i](Waited how) { self->EndSource(i, how); });
  }

  // The refresh that the bounds ask for cannot be sent before the caller's time is over.
  void RefuseTurn(std::size_t i, SteadyTime send) {
    const SourceStatus& status = account_.feeds_[i]->status();
    SourceView& view = answer_.sources[i];
    view = Show(status, read_.bounds, Waited::kGaveUp, asked_, asked_);
    answer_.gave_up[i] = true;
    if (view.reading) return;
    view.failure = nullptr;
    ExplainMissing(view, ErrorKind::kFreshnessUnsatisfied,
                   "the source may not be read again before the caller's deadline; allow a greater "
                   "age or more time",
                   send - asked_.steady);
  }

  void EndSource(std::size_t i, Waited how) {
    if (!waits_[i]) return;
    waits_[i].reset();
    answer_.sources[i] =
        Show(account_.feeds_[i]->status(), read_.bounds, how, asked_, NowBy(account_.clock_));
    --open_;
    // Not from inside Start(), which completes by itself; a feed never ends a wait at once.
    if (open_ == 0) Complete();
  }

  void GiveUp() {
    const Now now = NowBy(account_.clock_);
    for (std::size_t i = 0; i < waits_.size(); ++i) {
      if (!waits_[i]) continue;
      SourceView& view = answer_.sources[i];
      view = Show(account_.feeds_[i]->status(), read_.bounds, Waited::kGaveUp, asked_, now);
      answer_.gave_up[i] = true;
      ExplainMissing(
          view, ErrorKind::kUnreachable,
          "the source has not answered within the caller's deadline; the refresh goes on",
          Duration::zero());
    }
    ForgetWaits();
    Complete();
  }

  void ForgetWaits() {
    deadline_.Cancel();
    for (std::size_t i = 0; i < waits_.size(); ++i) {
      if (!waits_[i]) continue;
      account_.feeds_[i]->Forget(*waits_[i]);
      waits_[i].reset();
    }
    open_ = 0;
  }

  void Complete() {
    const auto keep_alive = shared_from_this();
    deadline_.Cancel();
    account_.reads_.erase(id_);
    if (on_answer_) std::exchange(on_answer_, nullptr)(std::move(answer_));
  }

  AccountFeed& account_;
  const ReadId id_;
  const AccountRead read_;
  OnAnswer on_answer_;
  const Now asked_;
  std::vector<std::optional<SourceFeed::WaiterId>> waits_;
  std::size_t open_ = 0;
  AccountAnswer answer_;
  Alarm deadline_;
};

AccountFeed::AccountFeed(boost::asio::any_io_executor executor, Clock& clock,
                         RefreshObserver& observer, AccountSink& sink,
                         std::vector<SourceSpec> sources)
    : executor_(std::move(executor)), clock_(clock), sink_(sink), aging_(executor_, clock) {
  feeds_.reserve(sources.size());
  for (SourceSpec& spec : sources) {
    feeds_.push_back(std::make_unique<SourceFeed>(executor_, clock_, observer,
                                                  std::move(spec.options), std::move(spec.source),
                                                  [this] { Publish(); }));
  }
  Publish();
}

AccountFeed::~AccountFeed() = default;

AccountFeed::ReadId AccountFeed::Read(AccountRead read, OnAnswer on_answer) {
  const ReadId id = next_read_++;
  const auto pending =
      std::make_shared<PendingRead>(*this, id, std::move(read), std::move(on_answer));
  reads_.emplace(id, pending);
  pending->Start();
  return id;
}

void AccountFeed::Cancel(ReadId id) {
  const auto found = reads_.find(id);
  if (found == reads_.end()) return;
  const auto pending = found->second;
  reads_.erase(found);
  pending->Abandon();
}

void AccountFeed::Stop() {
  aging_.Cancel();
  for (const auto& feed : feeds_) feed->Stop();
}

void AccountFeed::Publish() {
  std::vector<SourceStatus> statuses;
  statuses.reserve(feeds_.size());
  const SteadyTime now = clock_.SteadyNow();
  SteadyTime next_change = SteadyTime::max();
  for (const auto& feed : feeds_) {
    statuses.push_back(feed->status());
    next_change = std::min(next_change, NextStateChange(feed->status(), now));
  }
  sink_.OnAccountChange(statuses);
  if (next_change == SteadyTime::max()) return aging_.Cancel();
  // A state holds up to and including its last instant.
  aging_.Set(next_change + Duration(1), [this] { Publish(); });
}

}  // namespace balance
