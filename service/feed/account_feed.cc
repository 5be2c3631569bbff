#include "service/feed/account_feed.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace balance {

// One read: waits for each source as long as its bounds ask and `answer_by` allows, then shows all
// of them as they are at that moment.
class AccountFeed::PendingRead : public std::enable_shared_from_this<PendingRead> {
 public:
  PendingRead(AccountFeed& account, ReadId id, AccountRead read, OnAnswer on_answer)
      : account_(account),
        id_(id),
        read_(std::move(read)),
        on_answer_(std::move(on_answer)),
        waits_(account.feeds_.size()),
        waited_(account.feeds_.size()),
        not_before_(account.executor_, account.clock_),
        patience_(account.executor_, account.clock_) {}

  void Start() {
    starts_later_ = false;
    asked_ = account_.clock_.Time();
    if (!read_.bounds.only_if_cached) {
      const Duration ahead = UntilNotBefore(read_.bounds, asked_.wall);
      if (ahead > Duration::zero()) return StartIn(ahead);
    }
    for (std::size_t i = 0; i < waits_.size(); ++i) StartSource(i);
    if (open_ == 0) return Complete();
    if (!read_.bounds.IsExplicit()) {
      const SteadyTime until = asked_.steady + kStalePatience;
      if (until < read_.answer_by) {
        patience_.Set(until, [self = shared_from_this()] { self->SettleForStale(); });
      }
    }
    if (read_.answer_by == SteadyTime::max()) return;
    deadline_ = account_.schedule_.Add(asked_.steady, read_.answer_by,
                                       [self = shared_from_this()] { self->GiveUp(); });
  }

  // Answers with what is known if the read has not started yet.
  void Stop() {
    if (starts_later_) Refuse();
  }

  // Leaves every wait; `on_answer` will not be called.
  void Abandon() {
    on_answer_ = nullptr;
    ForgetWaits();
  }

 private:
  // The read is as if it were made when its `not_before` has come. A wall clock that is set back
  // meanwhile makes that later, within the same limit.
  void StartIn(Duration ahead) {
    const SteadyTime start = asked_.steady + ahead;
    if (account_.stopped_ || ahead > kLongestNotBeforeWait || start >= read_.answer_by) {
      return Refuse();
    }
    starts_later_ = true;
    not_before_.Set(start, [self = shared_from_this()] { self->Start(); });
  }

  // Answers without having waited for any source.
  void Refuse() {
    const SteadyTime start = asked_.steady + UntilNotBefore(read_.bounds, asked_.wall);
    for (std::size_t i = 0; i < waits_.size(); ++i) {
      if (read_.wanted[i]) waited_[i] = {Waited::kRefused, std::max(start, EarliestSend(i))};
    }
    Complete();
  }

  void StartSource(std::size_t i) {
    if (!read_.wanted[i]) return;
    SourceFeed& feed = *account_.feeds_[i];
    if (!read_.bounds.only_if_cached) feed.NoteAsked(asked_.steady);
    const ReadAction action = Decide(feed.status(), read_.bounds, asked_);
    if (action == ReadAction::kAnswer) return;
    if (asked_.steady >= read_.deadline) {
      waited_[i] = {Waited::kGaveUp, asked_.steady};
      return;
    }
    if (action == ReadAction::kAnswerAndRefresh) feed.RefreshInBackground(Oldest(i), read_.trace);
    if (action != ReadAction::kWait) return;
    const SteadyTime send = EarliestSend(i);
    if (send > asked_.steady && send >= read_.answer_by) {
      waited_[i] = {Waited::kRefused, send};
      return;
    }
    ++open_;
    waits_[i] = feed.Wait(
        Oldest(i), [self = shared_from_this(), i](Waited how) { self->EndSource(i, how); },
        read_.trace);
  }

  // Oldest reading of the source that this read accepts.
  ObservedSince Oldest(std::size_t i) const {
    return OldestAcceptable(read_.bounds, account_.feeds_[i]->status().FreshFor(), asked_);
  }

  SteadyTime EarliestSend(std::size_t i) const {
    return account_.feeds_[i]->EarliestSendFor(Oldest(i));
  }

  void EndSource(std::size_t i, Waited how) {
    if (!waits_[i]) return;
    waits_[i].reset();
    waited_[i].how = how;
    --open_;
    // Not from inside Start(), which completes by itself; a feed never ends a wait at once.
    if (open_ == 0) Complete();
  }

  // Ends the waits for sources that have something to show; their refreshes go on.
  void SettleForStale() {
    const Now now = account_.clock_.Time();
    for (std::size_t i = 0; i < waits_.size(); ++i) {
      if (!waits_[i]) continue;
      SourceFeed& feed = *account_.feeds_[i];
      if (!Show(feed.status(), read_.bounds, Waited::kNot, asked_, now).reading) continue;
      feed.RefreshInBackground(Oldest(i));
      feed.Forget(*std::exchange(waits_[i], std::nullopt));
      --open_;
    }
    if (open_ == 0) Complete();
  }

  void GiveUp() {
    deadline_.reset();
    const SteadyTime now = account_.clock_.SteadyNow();
    for (std::size_t i = 0; i < waits_.size(); ++i) {
      if (!waits_[i]) continue;
      const SteadyTime send = EarliestSend(i);
      waited_[i] = {send > now ? Waited::kRefused : Waited::kGaveUp, send};
    }
    Complete();
  }

  void ForgetWaits() {
    not_before_.Cancel();
    patience_.Cancel();
    if (deadline_) account_.schedule_.Remove(*std::exchange(deadline_, std::nullopt));
    for (std::size_t i = 0; i < waits_.size(); ++i) {
      if (!waits_[i]) continue;
      account_.feeds_[i]->Forget(*waits_[i]);
      waits_[i].reset();
    }
    open_ = 0;
  }

  void Complete() {
    const auto keep_alive = shared_from_this();
    const Now now = account_.clock_.Time();
    account_.PublishAging(now.steady);
    AccountAnswer answer = ShowAccount(account_.Statuses(), read_, std::move(waited_), asked_, now);
    answer.revision = account_.revision_;
    ForgetWaits();
    account_.reads_.erase(id_);
    if (!on_answer_) return;
    // Both outlive the account, which may end with its last read.
    AnswerSchedule& schedule = account_.schedule_;
    const Clock& clock = account_.clock_;
    std::exchange(on_answer_, nullptr)(std::move(answer));
    schedule.NoteCost(clock.SteadyNow() - now.steady);
  }

  AccountFeed& account_;
  const ReadId id_;
  const AccountRead read_;
  OnAnswer on_answer_;
  // When the bounds were judged.
  Now asked_;
  std::vector<std::optional<SourceFeed::WaiterId>> waits_;
  std::vector<SourceWait> waited_;
  std::size_t open_ = 0;
  // Starts the read.
  Alarm not_before_;
  bool starts_later_ = false;
  // Ends the waits for which there is a stale reading.
  Alarm patience_;
  // Planned end of all waits; unset if none is planned.
  std::optional<AnswerSchedule::Place> deadline_;
};

AccountFeed::AccountFeed(LoopExecutor executor, Clock& clock, AnswerSchedule& schedule,
                         RefreshObserver& observer, AccountSink& sink,
                         std::vector<SourceSpec> sources)
    : executor_(std::move(executor)),
      clock_(clock),
      schedule_(schedule),
      sink_(sink),
      aging_(executor_, clock) {
  feeds_.reserve(sources.size());
  for (SourceSpec& spec : sources) {
    feeds_.push_back(std::make_unique<SourceFeed>(executor_, clock_, observer,
                                                  std::move(spec.options), std::move(spec.source),
                                                  std::move(spec.random), [this] { Publish(); }));
    if (spec.known) feeds_.back()->Adopt(*spec.known);
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

void AccountFeed::RefreshEarly() {
  const SteadyTime now = clock_.SteadyNow();
  for (const auto& feed : feeds_) {
    feed->NoteAsked(now);
    feed->RefreshEarly();
  }
}

void AccountFeed::NoteAsked(const std::vector<bool>& wanted, SteadyTime now) {
  for (std::size_t i = 0; i < feeds_.size(); ++i) {
    if (wanted[i]) feeds_[i]->NoteAsked(now);
  }
}

void AccountFeed::AddFreshness(SteadyTime now, FreshnessByKind& times) {
  for (const auto& feed : feeds_) feed->AddFreshness(now, times);
}

void AccountFeed::Watch(const WatchTerms& terms) {
  for (std::size_t i = 0; i < feeds_.size(); ++i) {
    if (terms.wanted[i]) feeds_[i]->Watch(terms.max_age);
  }
}

void AccountFeed::Unwatch(const WatchTerms& terms) {
  for (std::size_t i = 0; i < feeds_.size(); ++i) {
    if (terms.wanted[i]) feeds_[i]->Unwatch(terms.max_age);
  }
}

void AccountFeed::Stop(std::function<void()> on_stopped) {
  stopped_ = true;
  aging_.Cancel();
  // Each that is answered leaves reads_.
  const auto reads = reads_;
  for (const auto& [id, read] : reads) read->Stop();
  stopping_ = feeds_.size();
  for (const auto& feed : feeds_) {
    feed->Stop([this, on_stopped] {
      if (--stopping_ == 0 && on_stopped) boost::asio::post(executor_, on_stopped);
    });
  }
}

std::vector<SourceStatus> AccountFeed::Statuses() const {
  std::vector<SourceStatus> statuses;
  statuses.reserve(feeds_.size());
  for (const auto& feed : feeds_) statuses.push_back(feed->status());
  return statuses;
}

void AccountFeed::Publish() {
  const std::vector<SourceStatus> statuses = Statuses();
  const SteadyTime now = clock_.SteadyNow();
  next_change_ = SteadyTime::max();
  for (const SourceStatus& status : statuses) {
    next_change_ = std::min(next_change_, NextStateChange(status, now));
  }
  revision_ = sink_.OnAccountChange(statuses);
  // A timer would keep the loop from ending.
  if (stopped_ || next_change_ == SteadyTime::max()) return aging_.Cancel();
  // A state holds up to and including its last instant.
  aging_.Set(next_change_ + Duration(1), [this] { Publish(); });
}

void AccountFeed::PublishAging(SteadyTime now) {
  if (now > next_change_) Publish();
}

}  // namespace balance
