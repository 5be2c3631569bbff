#include "service/rpc/watch_stream.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "service/rpc/find_account.h"
#include "service/rpc/read_request.h"
#include "service/rpc/resource_name.h"
#include "service/rpc/smaller_answer.h"
#include "service/rpc/snapshot_bytes.h"
#include "service/snapshot/merge.h"
#include "service/transport/proto_messages.h"

namespace balance {
namespace {

using Heartbeat = v1::WatchAccountSnapshotsResponse::Heartbeat;
using Kind = WatchState::Step::Kind;

constexpr auto kAllAccounts = std::numeric_limits<std::size_t>::max();

Duration Share(Duration of, double share) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(of.count()) * share));
}

bool IsWhole(const WatchTerms& terms) {
  return std::find(terms.wanted.begin(), terms.wanted.end(), false) == terms.wanted.end();
}

RpcFailure AllGone() {
  RpcError error;
  error.code = StatusCode::kNotFound;
  error.reason = reason::kAccountNotConfigured;
  error.message = "none of the accounts is configured any more; ListSources names what is";
  return RpcFailure(std::move(error));
}

RpcError AccessLost() {
  RpcError error;
  error.code = StatusCode::kPermissionDenied;
  error.reason = reason::kCallerNotAllowed;
  error.message = "the caller may not watch any of this any more; ask the operator";
  return error;
}

RpcError IdentityLost() {
  RpcError error;
  error.code = StatusCode::kUnauthenticated;
  error.reason = reason::kCallerUnknown;
  error.message =
      "the CAs of clients do not vouch for the certificate of this connection any more; connect "
      "with another one";
  return error;
}

}  // namespace

WatchStream::WatchStream(const WatchEnvironment& environment, CallContext call)
    : environment_(environment), call_(std::move(call)), began_(environment.clock.SteadyNow()) {}

WatchStream::~WatchStream() {
  if (!has_ended()) Release(StatusCode::kCancelled, WatchEnd::kCallerLeft);
}

// --- The accounts -------------------------------------------------------------------------------

void WatchStream::Begin(ServerStream& stream, Random random) {
  stream_ = &stream;
  waker_ = stream.waker();
  has_identity_ = call_.call().identity().is_authenticated;
  if (auto admitted = Admit(std::move(random)); !admitted) {
    const bool are_too_many = admitted.error().reason == reason::kTooManyWatchers;
    return Finish(std::move(admitted.error()),
                  are_too_many ? std::optional(WatchEnd::kTooMany) : std::nullopt);
  }
  admitted_until_ = began_ + request_.heartbeat_interval;
  environment_.observer.OnWatchBegun();
  stream_->OutliveConnectionAge();
  TakeMail();
  if (!has_ended()) Pump();
}

RpcResult<void> WatchStream::Admit(Random random) {
  if (auto admitted = call_.Admit(); !admitted) return admitted;
  v1::WatchAccountSnapshotsRequest request;
  if (!ParseBytes(call_.call().request(), request)) return NotParsed(request);
  auto checked = WatchRequest::Check(request);
  if (!checked) return RpcFailure(std::move(checked.error()));
  request_ = *std::move(checked);
  detail_ = request_.detail;
  for (int i = 0; i < request.names_size(); ++i) {
    const auto endpoint = FindAccount(call_, request.names(i), "names[" + std::to_string(i) + "]");
    if (!endpoint) return RpcFailure(endpoint.error());
    const std::string& id = (*endpoint)->publisher->account();
    // An empty name is that of the only account.
    if (std::find(names_.begin(), names_.end(), id) != names_.end()) {
      return NamedTwice(AccountName(id));
    }
    names_.push_back(id);
  }
  const WatchLimits limits = call_.served()->watch;
  const std::size_t count = names_.empty() ? call_.CountAll().accounts : names_.size();
  switch (environment_.watchers.TryAdd(waker_, std::string(call_.caller_id()), count, limits)) {
    case Watchers::Refusal::kNone:
      break;
    case Watchers::Refusal::kStreams:
      return TooManyWatchers();
    case Watchers::Refusal::kAccounts:
      return TooManyWatchedAccounts(count);
  }
  // The stream hears of what is served from now on.
  if (environment_.served.Get() != call_.served()) waker_->OnPublished(Watchers::kServedKey);
  reconnect_after_ = Share(kMostReconnectAfter, random());
  const double share = 1 + WatchLimits::kAgeJitter * (2 * random() - 1);
  state_.emplace(WatchState::Options{request_.heartbeat_interval, request_.min_interval,
                                     began_ + Share(limits.max_age, share)},
                 std::move(random));
  return OpenAccounts();
}

RpcResult<void> WatchStream::OpenAccounts() {
  SourceNames::Found found = request_.sources.NoneFound();
  const auto wanted = Wanted();
  for (const AccountEndpoint* endpoint : wanted) {
    const auto view = endpoint->publisher->Get();
    for (const SourceStatus& source : view->statuses) request_.sources.Match(*source.info, found);
  }
  if (auto all_found = request_.sources.CheckAllFound(found); !all_found) return all_found;
  accounts_.reserve(wanted.size());
  for (const AccountEndpoint* endpoint : wanted) Add(*endpoint);
  first_accounts_ = accounts_.size();
  return {};
}

std::vector<const AccountEndpoint*> WatchStream::Wanted() const {
  if (names_.empty()) return call_.Accounts("", kAllAccounts);
  std::vector<const AccountEndpoint*> wanted;
  for (const std::string& id : names_) {
    const AccountEndpoint* endpoint = call_.MaySee(id) ? call_.Find(id) : nullptr;
    if (endpoint) wanted.push_back(endpoint);
  }
  return wanted;
}

void WatchStream::Attach(Slot slot, const AccountEndpoint& endpoint) {
  Account& account = accounts_[slot];
  account.publisher = endpoint.publisher;
  ++present_;
  // First this, then a look at what there is: no change is missed.
  account.place = account.publisher->topic().Subscribe(waker_, Watchers::KeyOf(slot));
  const auto view = account.publisher->Get();
  account.watch = AccountWatch(endpoint.handle, TermsOf(endpoint, view->statuses));
  account.is_whole = IsWhole(*account.watch.terms());
  account.told.assign(view->statuses.size(), SteadyTime::min());
  account.told_views.reset();
}

std::shared_ptr<const WatchTerms> WatchStream::TermsOf(
    const AccountEndpoint& endpoint, const std::vector<SourceStatus>& sources) const {
  SourceNames::Found found = request_.sources.NoneFound();
  WatchTerms terms{SelectSources(sources, request_.sources, request_.fund_class, found),
                   request_.max_age};
  if (terms == *endpoint.whole) return endpoint.whole;
  // Most accounts of a stream have the same sources.
  const auto& first = accounts_.front().watch.terms();
  if (first && terms == *first) return first;
  return std::make_shared<const WatchTerms>(std::move(terms));
}

void WatchStream::Detach(Slot slot) {
  Account& account = accounts_[slot];
  if (!account.publisher) return;
  account.publisher->topic().Unsubscribe(account.place);
  account.watch = {};
  account.publisher.reset();
  --present_;
}

const std::string& WatchStream::IdOf(Slot slot) const {
  const Account& account = accounts_[slot];
  return account.publisher ? account.publisher->account() : gone_->at(slot);
}

void WatchStream::TakeServed() {
  const CallContext before = call_;
  call_.Serve(environment_.served.Get());
  if (!IsStillAdmitted()) return;
  const Served& served = *call_.served();
  // Thousands of streams of all accounts must not look at thousands of accounts each.
  const bool knows_changes = served.generation == before.served()->generation + 1 &&
                             served.changed_accounts.size() <= kFewChanges && call_.SeesAs(before);
  const std::size_t count = accounts_.size();
  if (!names_.empty() || !knows_changes) {
    FollowAll();
  } else {
    for (const std::string& id : served.changed_accounts) {
      Follow(id, call_.MaySee(id) ? call_.Find(id) : nullptr);
    }
  }
  if (!has_ended() && accounts_.size() != count) {
    environment_.watchers.SetAccounts(*waker_, accounts_.size());
  }
}

void WatchStream::FollowAll() {
  const auto wanted = Wanted();
  if (wanted.empty() && !names_.empty()) {
    const bool may_see_any = std::any_of(names_.begin(), names_.end(),
                                         [this](const auto& id) { return call_.MaySee(id); });
    if (!may_see_any) return Finish(AccessLost(), WatchEnd::kAccessLost);
  }
  std::unordered_map<std::string_view, const AccountEndpoint*> left;
  for (const AccountEndpoint* endpoint : wanted) left[endpoint->publisher->account()] = endpoint;
  for (Slot slot = 0; slot < accounts_.size(); ++slot) {
    const auto found = left.find(IdOf(slot));
    Follow(slot, found == left.end() ? nullptr : found->second);
    if (found != left.end()) left.erase(found);
  }
  for (const AccountEndpoint* endpoint : wanted) {
    if (left.contains(endpoint->publisher->account())) Add(*endpoint);
  }
}

void WatchStream::Follow(const std::string& id, const AccountEndpoint* endpoint) {
  if (const auto slot = FindSlot(id)) return Follow(*slot, endpoint);
  if (endpoint) Add(*endpoint);
}

void WatchStream::Follow(Slot slot, const AccountEndpoint* endpoint) {
  Account& account = accounts_[slot];
  const std::int64_t last = account.publisher ? account.publisher->Get()->revision.number : 0;
  if (!endpoint) {
    if (account.publisher) {
      if (!gone_) gone_ = std::make_unique<std::map<Slot, std::string>>();
      (*gone_)[slot] = account.publisher->account();
    }
    Detach(slot);
    return state_->Remove(slot, last);
  }
  if (endpoint->publisher == account.publisher) return;
  Detach(slot);
  state_->Restart(slot, last);
  if (gone_) gone_->erase(slot);
  Attach(slot, *endpoint);
}

void WatchStream::Add(const AccountEndpoint& endpoint) {
  accounts_.emplace_back();
  Attach(state_->Add(), endpoint);
}

std::optional<WatchState::Slot> WatchStream::FindSlot(std::string_view id) const {
  Slot first = 0;
  for (auto count = static_cast<Slot>(first_accounts_); count > 0;) {
    const Slot half = count / 2;
    const bool is_behind = IdOf(first + half) < id;
    first = is_behind ? first + half + 1 : first;
    count = is_behind ? count - half - 1 : half;
  }
  if (first < first_accounts_ && IdOf(first) == id) return first;
  for (auto slot = static_cast<Slot>(first_accounts_); slot < accounts_.size(); ++slot) {
    if (IdOf(slot) == id) return slot;
  }
  return std::nullopt;
}

bool WatchStream::IsStillAdmitted() {
  if (has_identity_ && !call_.call().identity().is_authenticated) {
    Finish(IdentityLost(), WatchEnd::kAccessLost);
    return false;
  }
  if (call_.Identify()) {
    admitted_until_ = environment_.clock.SteadyNow() + request_.heartbeat_interval;
    return true;
  }
  Finish(AccessLost(), WatchEnd::kAccessLost);
  return false;
}

bool WatchStream::AreAllGone() const {
  return present_ == 0 && !names_.empty() && !state_->HasNews();
}

// --- What happens -------------------------------------------------------------------------------

void WatchStream::OnWritable() {
  if (has_ended()) return;
  state_->OnMaybeFree();
  Pump();
}

void WatchStream::OnWake() {
  if (has_ended()) return;
  TakeMail();
  if (!has_ended()) Pump();
}

void WatchStream::OnTimer() {
  timer_at_ = SteadyTime::max();
  if (!has_ended()) Pump();
}

void WatchStream::OnCallerLeft() {
  if (has_ended()) return;
  Release(StatusCode::kCancelled, WatchEnd::kCallerLeft);
}

void WatchStream::TakeMail() {
  bool is_served_new = false;
  for (const std::uint32_t key : waker_->TakeKeys()) {
    switch (key) {
      case Watchers::kServedKey:
        is_served_new = true;
        break;
      case Watchers::kDrainKey:
        state_->EndBy(environment_.watchers.DrainBy(*waker_), WatchEnd::kDrain);
        break;
      default:
        state_->OnChange(Watchers::SlotOf(key));
    }
  }
  if (is_served_new) return TakeServed();
  if (has_identity_ && !call_.call().identity().is_authenticated) IsStillAdmitted();
}

// --- Messages -----------------------------------------------------------------------------------

void WatchStream::Pump() {
  if (!stream_->IsWriting()) state_->OnTaken();
  SteadyTime now = environment_.clock.SteadyNow();
  for (;;) {
    if (AreAllGone()) return Finish(AllGone().value(), WatchEnd::kNotConfigured);
    const WatchState::Step step = state_->Next(now);
    if (step.kind == Kind::kNone) {
      state_->OnNothingToSend();
      break;
    }
    if (step.kind == Kind::kEnd || step.kind == Kind::kTooSlow) return End(step.kind);
    if (stream_->IsWriting()) {
      AwaitWritable(now);
      continue;
    }
    if (!Send(step, now)) break;
    // Thousands of accounts without news may take a while. Mostly a message is under way now.
    if (!stream_->IsWriting()) now = environment_.clock.SteadyNow();
  }
  if (!has_ended()) PlanTimer();
}

void WatchStream::AwaitWritable(SteadyTime now) {
  state_->OnBlocked(now);
  // It says no, and has OnWritable() called.
  stream_->CanWrite(0);
}

void WatchStream::PlanTimer() {
  const SteadyTime next = state_->NextTime();
  if (next >= timer_at_) return;
  timer_at_ = next;
  stream_->SetTimer(next);
}

bool WatchStream::Send(const WatchState::Step& step, SteadyTime now) {
  // A token may have expired, also where changes leave no time for heartbeats.
  const bool is_to_be_judged = step.kind == Kind::kHeartbeat || now >= admitted_until_;
  if (is_to_be_judged && !IsStillAdmitted()) return false;
  switch (step.kind) {
    case Kind::kSnapshot:
      return SendSnapshot(step.slot, now);
    case Kind::kRemoved:
      return SendRemoved(step.slot);
    case Kind::kHeartbeat:
      return SendHeartbeat();
    case Kind::kGoodbye:
      return SendGoodbye();
    case Kind::kNone:
    case Kind::kEnd:
    case Kind::kTooSlow:
      break;
  }
  return false;
}

bool WatchStream::Write(StreamMessage message, WatchEvent event, SteadyTime now,
                        std::int64_t skipped) {
  if (!stream_->CanWrite(message.size())) {
    state_->OnBlocked(now);
    return false;
  }
  stream_->Write(std::move(message));
  environment_.observer.OnWatchMessage(event, skipped);
  return true;
}

std::vector<SourceView> WatchStream::ShownTo(const Account& account, const AccountView& view) {
  std::vector<SourceView> views = view.Shown();
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (!account.watch.terms()->wanted[i]) views[i] = ShowNotRequested(view.statuses[i]);
  }
  return views;
}

bool WatchStream::SendSnapshot(Slot slot, SteadyTime now) {
  Account& account = accounts_[slot];
  const auto view = account.publisher->Get();
  const std::int64_t number = view->revision.number;
  // It was published, and read here, before the stream had heard of it.
  const std::int64_t told = state_->Told(slot);
  if (told == number) {
    state_->OnNothingNew(slot, number);
    return true;
  }
  SharedBytes bytes;
  std::vector<SourceView> views;
  if (account.is_whole) {
    bytes = view->Encoded(detail_);
  } else {
    views = ShownTo(account, *view);
    if (told != 0 && account.told_views && HaveSameContent(views, *account.told_views)) {
      state_->OnNothingNew(slot, number);
      return true;
    }
    bytes = environment_.encodings.Snapshot(IdOf(slot), views, view->revision, detail_);
  }
  const std::int64_t skipped = state_->Skipped(slot, number);
  StreamMessage message = SnapshotEvent({std::move(bytes), environment_.clock.WallNow()}, skipped);
  if (const std::size_t most = call_.served()->max_answer_size; message.size() > most) {
    Finish(AnswerTooLarge(most, SmallerAnswer(call_.method(), detail_)).value(),
           WatchEnd::kAnswerTooLarge);
    return false;
  }
  if (!Write(std::move(message), WatchEvent::kSnapshot, now, skipped)) return false;
  state_->OnSnapshotSent(slot, number, now);
  for (std::size_t i = 0; i < account.told.size(); ++i) {
    const auto& reading = view->statuses[i].reading;
    if (reading) account.told[i] = reading->observe_steady;
  }
  if (!account.is_whole) {
    account.told_views = std::make_unique<const std::vector<SourceView>>(std::move(views));
  }
  // It may have been published since `now`.
  if (told != 0) {
    environment_.observer.OnWatchDelivered(
        std::max(now - view->published.steady, Duration::zero()));
  }
  return true;
}

bool WatchStream::SendRemoved(Slot slot) {
  v1::WatchAccountSnapshotsResponse response;
  const Now now = environment_.clock.Time();
  *response.mutable_serve_time() = ToTimestamp(now.wall);
  response.set_removed(AccountName(IdOf(slot)));
  if (!Write(BytesOf(response), WatchEvent::kRemoved, now.steady)) return false;
  state_->OnRemovedSent(slot, now.steady);
  return true;
}

bool WatchStream::HasBeenTried(Slot slot, SteadyTime now) const {
  const Account& account = accounts_[slot];
  const auto view = account.publisher->Get();
  // What has come of it is told first.
  if (view->revision.number != state_->Told(slot)) return false;
  for (std::size_t i = 0; i < view->statuses.size(); ++i) {
    if (!account.watch.terms()->wanted[i]) continue;
    const SourceStatus& status = view->statuses[i];
    const bool was_sent = status.last_attempt && *status.last_attempt >= began_;
    // What may not be asked now was tried as far as it can be.
    const bool is_refused = status.failure && status.failure->next_attempt > now;
    if (!was_sent && !is_refused) return false;
  }
  return true;
}

bool WatchStream::AddProgress(Now now, Slot slot, Heartbeat& heartbeat,
                              std::vector<Progress>& told) const {
  const Account& account = accounts_[slot];
  const auto view = account.publisher->Get();
  // A newer state is on its way; the observe times of that one prove nothing about what was told.
  if (view->revision.number != state_->Told(slot)) return true;
  for (std::size_t i = 0; i < view->statuses.size(); ++i) {
    const SourceStatus& status = view->statuses[i];
    if (!account.watch.terms()->wanted[i] || !status.reading) continue;
    if (status.reading->observe_steady == account.told[i]) continue;
    const SourceView shown = Show(status, {.only_if_cached = true}, Waited::kNot, now, now);
    if (!shown.reading) continue;
    if (heartbeat.sources_size() >= kMostProgress) return false;
    auto& source = *heartbeat.add_sources();
    source.set_name(SourceName(*status.info));
    EncodeProgress(shown, source);
    told.push_back({slot, i, status.reading->observe_steady});
  }
  return true;
}

bool WatchStream::SendHeartbeat() {
  v1::WatchAccountSnapshotsResponse response;
  const Now now = environment_.clock.Time();
  *response.mutable_serve_time() = ToTimestamp(now.wall);
  Heartbeat& heartbeat = *response.mutable_heartbeat();
  *heartbeat.mutable_interval() = ToDuration(request_.heartbeat_interval);
  std::vector<Progress> told;
  bool have_all_been_tried = true;
  bool has_room = true;
  Slot next = next_progress_;
  for (std::size_t i = 0; i < accounts_.size(); ++i) {
    const auto slot = static_cast<Slot>((next_progress_ + i) % accounts_.size());
    const Account& account = accounts_[slot];
    if (!account.publisher) continue;
    if (has_room && !AddProgress(now, slot, heartbeat, told)) {
      has_room = false;
      next = slot;
    }
    have_all_been_tried = have_all_been_tried && (is_synced_ || HasBeenTried(slot, now.steady));
  }
  heartbeat.set_synced(have_all_been_tried);
  if (!Write(BytesOf(response), WatchEvent::kHeartbeat, now.steady)) return false;
  is_synced_ = have_all_been_tried;
  next_progress_ = next;
  for (const Progress& source : told) {
    accounts_[source.slot].told[source.source] = source.observed;
  }
  state_->OnHeartbeatSent(now.steady);
  return true;
}

bool WatchStream::SendGoodbye() {
  v1::WatchAccountSnapshotsResponse response;
  const Now now = environment_.clock.Time();
  *response.mutable_serve_time() = ToTimestamp(now.wall);
  auto& goodbye = *response.mutable_goodbye();
  goodbye.set_reason(state_->end() == WatchEnd::kDrain
                         ? v1::WatchAccountSnapshotsResponse::Goodbye::DRAIN
                         : v1::WatchAccountSnapshotsResponse::Goodbye::MAX_AGE);
  *goodbye.mutable_reconnect_after() = ToDuration(reconnect_after_);
  if (!Write(BytesOf(response), WatchEvent::kGoodbye, now.steady)) return false;
  state_->OnGoodbyeSent(now.steady);
  return true;
}

// --- The end ------------------------------------------------------------------------------------

void WatchStream::End(Kind kind) {
  if (kind == Kind::kTooSlow) {
    const CallStatus status = ToCallStatus(WatcherTooSlow(WatchState::kSlowReader).value());
    ServerStream& stream = *stream_;
    Release(StatusCode::kAborted, WatchEnd::kTooSlow);
    return stream.Abort(status);
  }
  const bool is_drain = state_->end() == WatchEnd::kDrain;
  Finish(WatchEnded(is_drain ? "the server shuts down" : "the stream has reached its greatest age",
                    reconnect_after_)
             .value(),
         state_->end());
}

void WatchStream::Finish(RpcError error, std::optional<WatchEnd> why) {
  ServerStream& stream = *stream_;
  Release(error.code, why);
  stream.Finish(ToCallStatus(error));
}

void WatchStream::Release(StatusCode code, std::optional<WatchEnd> why) {
  for (Slot slot = 0; slot < accounts_.size(); ++slot) Detach(slot);
  accounts_.clear();
  environment_.watchers.Remove(*waker_);
  waker_.reset();
  call_.NoteHandled(code);
  if (why) environment_.observer.OnWatchEnded(*why);
}

}  // namespace balance
