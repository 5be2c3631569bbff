#include "service/snapshot/encode.h"

#include <google/protobuf/arena.h>

#include <array>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "service/snapshot/merge.h"

namespace balance {
namespace {

constexpr std::string_view kAccounts = "accounts/";
constexpr std::string_view kSources = "/sources/";

std::string Joined(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  std::string text;
  text.reserve(size);
  for (const std::string_view part : parts) text.append(part);
  return text;
}

SharedBytes Serialized(const google::protobuf::MessageLite& message) {
  return {message.ByteSizeLong(),
          [&message](std::uint8_t* bytes) { message.SerializeWithCachedSizesToArray(bytes); }};
}

v1::SourceBalance::State ToProto(SourceState state) {
  switch (state) {
    case SourceState::kFresh:
      return v1::SourceBalance::FRESH;
    case SourceState::kStale:
      return v1::SourceBalance::STALE;
    case SourceState::kNoData:
      return v1::SourceBalance_State_NO_DATA;
    case SourceState::kNotRequested:
      return v1::SourceBalance::NOT_REQUESTED;
  }
  return v1::SourceBalance::STATE_UNSPECIFIED;
}

v1::Freshness::Outcome ToProto(Outcome outcome) {
  switch (outcome) {
    case Outcome::kHit:
      return v1::Freshness::HIT;
    case Outcome::kFetched:
      return v1::Freshness::FETCHED;
    case Outcome::kJoined:
      return v1::Freshness::JOINED;
    case Outcome::kStaleRevalidating:
      return v1::Freshness::STALE_REVALIDATING;
    case Outcome::kStaleOnError:
      return v1::Freshness::STALE_ON_ERROR;
  }
  return v1::Freshness::OUTCOME_UNSPECIFIED;
}

v1::Freshness::Origin ToProto(ReadingOrigin origin) {
  switch (origin) {
    case ReadingOrigin::kPoll:
      return v1::Freshness::POLL;
    case ReadingOrigin::kPushHint:
      return v1::Freshness::PUSH_HINT;
    case ReadingOrigin::kSharedCache:
      return v1::Freshness::SHARED_CACHE;
  }
  return v1::Freshness::ORIGIN_UNSPECIFIED;
}

v1::Source::Feed ToProto(FeedState feed) {
  switch (feed) {
    case FeedState::kPoll:
      return v1::Source::POLL;
    case FeedState::kPush:
      return v1::Source::PUSH;
    case FeedState::kPushDown:
      return v1::Source::PUSH_DOWN;
  }
  return v1::Source::FEED_UNSPECIFIED;
}

void EncodeAmount(const Amount& amount, v1::Amount& out) {
  out.set_value(amount.value.ToString());
  out.set_origin(amount.origin == AmountOrigin::kReported ? v1::Amount::REPORTED
                                                          : v1::Amount::DERIVED);
  const std::string_view basis = amount.basis;
  out.set_basis(basis.data(), basis.size());
}

void EncodeWithdrawal(const PendingWithdrawal& withdrawal, v1::PendingWithdrawal& out) {
  out.set_id(withdrawal.id);
  out.set_account_name(withdrawal.account_name);
  if (withdrawal.amount) EncodeAmount(*withdrawal.amount, *out.mutable_amount());
  out.set_description(withdrawal.description);
  if (withdrawal.acknowledged) out.set_acknowledged(*withdrawal.acknowledged);
  out.set_bank_id(withdrawal.bank_id);
  if (withdrawal.create_time) *out.mutable_create_time() = ToTimestamp(*withdrawal.create_time);
  out.set_destination_account_name(withdrawal.destination_account_name);
  out.set_status(withdrawal.status);
}

void EncodeBalance(const CurrencyBalance& in, EncodeView detail, v1::CurrencyBalance& out) {
  out.set_currency_code(in.currency_code);
#define BALANCE_ENCODE_AMOUNT(name, kind) \
  if (in.name) EncodeAmount(*in.name, *out.mutable_##name());
  BALANCE_MONEY_FIELDS(BALANCE_ENCODE_AMOUNT)
#undef BALANCE_ENCODE_AMOUNT
  if (in.change_time) *out.mutable_change_time() = ToTimestamp(*in.change_time);
  if (detail == EncodeView::kBasic) return;
  for (const PendingWithdrawal& withdrawal : in.pending_withdrawals) {
    EncodeWithdrawal(withdrawal, *out.add_pending_withdrawals());
  }
  for (const auto& [name, value] : in.other_fields) (*out.mutable_other_fields())[name] = value;
}

WallTime FreshUntil(const SourceView& view) {
  const Duration fresh_for = view.is_outdated ? Duration::zero() : view.fresh_for;
  return view.reading->observe_time + fresh_for;
}

void EncodeReading(const SourceView& view, EncodeView detail, v1::SourceBalance& out) {
  const Reading& reading = *view.reading;
  v1::BalanceSet& set = *out.mutable_balance_set();
  for (const CurrencyBalance& balance : reading.balances) {
    EncodeBalance(balance, detail, *set.add_balances());
  }
  v1::Freshness& freshness = *out.mutable_freshness();
  *freshness.mutable_observe_time() = ToTimestamp(reading.observe_time);
  *freshness.mutable_receive_time() = ToTimestamp(reading.receive_time);
  *freshness.mutable_fresh_until() = ToTimestamp(FreshUntil(view));
  freshness.set_outcome(ToProto(view.outcome));
  freshness.set_origin(ToProto(reading.origin));
  freshness.set_upstream_request_id(reading.request_id);
  for (const Warning& warning : reading.warnings) {
    v1::Warning& added = *out.add_warnings();
    added.set_reason(std::string(WarningReason(warning.kind)));
    added.set_detail(warning.detail);
  }
}

void EncodeFailure(const SourceView& view, v1::SourceFailure& out) {
  const SourceFailure& failure = *view.failure;
  Error error = failure.error;
  error.retry_after = view.retry_after;
  *out.mutable_status() = ToRpcStatus(error, {{"source", SourceName(*view.info)}});
  if (failure.first_failure_time) {
    *out.mutable_first_failure_time() = ToTimestamp(*failure.first_failure_time);
  }
  if (failure.next_attempt_time) {
    *out.mutable_next_attempt_time() = ToTimestamp(*failure.next_attempt_time);
  }
  out.set_consecutive_failures(failure.consecutive_failures);
}

// `names` are those of the sources.
void EncodeTotal(const MeasureTotal& total, const std::vector<std::string>& names,
                 v1::MeasureTotal& out) {
  static constexpr std::string_view kSum = "sum";
  out.set_fund_class(ToProto(total.fund_class));
  out.set_currency_code(total.currency_code);
  out.set_measure(ToProto(total.measure));
  if (total.total) {
    EncodeAmount({*total.total, AmountOrigin::kDerived, kSum}, *out.mutable_total());
  }
  if (total.known_subtotal) {
    EncodeAmount({*total.known_subtotal, AmountOrigin::kDerived, kSum},
                 *out.mutable_known_subtotal());
  }
  for (const std::size_t i : total.counted_sources) {
    out.add_counted_sources(names[i]);
  }
  for (const std::size_t i : total.missing_sources) {
    out.add_missing_sources(names[i]);
  }
  if (total.oldest_observe_time) {
    *out.mutable_oldest_observe_time() = ToTimestamp(*total.oldest_observe_time);
  }
}

v1::Source::BreakerState ToProto(BreakerState state) {
  switch (state) {
    case BreakerState::kClosed:
      return v1::Source::CLOSED;
    case BreakerState::kOpen:
      return v1::Source::OPEN;
    case BreakerState::kHalfOpen:
      return v1::Source::HALF_OPEN;
  }
  return v1::Source::BREAKER_STATE_UNSPECIFIED;
}

void EncodePath(const PathState& path, Now now, v1::Source& source) {
  const auto on_the_wall = [now](SteadyTime when) {
    return ToTimestamp(now.wall + (when - now.steady));
  };
  source.set_breaker_state(ToProto(path.breaker));
  if (path.hold_off_until) *source.mutable_hold_off_until() = on_the_wall(*path.hold_off_until);
  if (path.blocked_until) *source.mutable_blocked_until() = on_the_wall(*path.blocked_until);
  if (path.clock_skew) *source.mutable_clock_skew() = ToDuration(*path.clock_skew);
  if (!path.fleet) return;
  v1::Source::Fleet& fleet = *source.mutable_fleet();
  fleet.set_connected(path.fleet->is_connected);
  fleet.set_lease_holder(path.fleet->lease_holder);
  fleet.set_budget_left(path.fleet->budget_left);
}

}  // namespace

std::string AccountName(std::string_view account) { return Joined({kAccounts, account}); }

std::string SourceName(const SourceInfo& info) {
  return Joined({kAccounts, info.account, kSources, info.source});
}

google::protobuf::Timestamp ToTimestamp(WallTime time) {
  const auto since_epoch = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds.count());
  timestamp.set_nanos(static_cast<std::int32_t>((since_epoch - seconds).count()));
  return timestamp;
}

google::protobuf::Duration ToDuration(Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  google::protobuf::Duration out;
  out.set_seconds(seconds.count());
  out.set_nanos(static_cast<std::int32_t>((duration - seconds).count()));
  return out;
}

v1::FundClass ToProto(FundClass fund_class) {
  switch (fund_class) {
    case FundClass::kRealMoney:
      return v1::REAL_MONEY;
    case FundClass::kSimulatedMoney:
      return v1::SIMULATED_MONEY;
  }
  return v1::FUND_CLASS_UNSPECIFIED;
}

v1::SourceKind ToProto(SourceKind kind) { return static_cast<v1::SourceKind>(kind); }

v1::Measure ToProto(Measure measure) {
  switch (measure) {
    case Measure::kCash:
      return v1::CASH;
    case Measure::kAvailableToTrade:
      return v1::AVAILABLE_TO_TRADE;
    case Measure::kEquity:
      return v1::EQUITY;
  }
  return v1::MEASURE_UNSPECIFIED;
}

google::rpc::Status ToRpcStatus(
    const Error& error, std::initializer_list<std::pair<std::string_view, std::string>> metadata) {
  const ErrorTraits& traits = TraitsOf(error.kind);
  google::rpc::Status status;
  status.set_code(static_cast<std::int32_t>(traits.code));
  status.set_message(error.message);
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(traits.reason));
  info.set_domain(std::string(kErrorDomain));
  for (const auto& [name, value] : metadata) (*info.mutable_metadata())[std::string(name)] = value;
  status.add_details()->PackFrom(info);
  if (traits.heals && error.retry_after) {
    google::rpc::RetryInfo retry;
    *retry.mutable_retry_delay() = ToDuration(*error.retry_after);
    status.add_details()->PackFrom(retry);
  }
  return status;
}

void EncodeSource(const SourceView& view, EncodeView detail, v1::SourceBalance& out) {
  const SourceInfo& info = *view.info;
  out.set_name(SourceName(info));
  out.set_kind(ToProto(info.kind));
  out.set_fund_class(ToProto(info.fund_class));
  out.set_pool(info.pool);
  out.set_state(ToProto(view.state));
  if (view.reading) EncodeReading(view, detail, out);
  if (view.failure) EncodeFailure(view, *out.mutable_failure());
}

void EncodeProgress(const SourceView& view,
                    v1::WatchAccountSnapshotsResponse::SourceProgress& out) {
  *out.mutable_observe_time() = ToTimestamp(view.reading->observe_time);
  *out.mutable_fresh_until() = ToTimestamp(FreshUntil(view));
  out.set_state(ToProto(view.state));
}

void EncodeSourceStatus(const SourceStatus& status, Now now, v1::Source& source) {
  const SourceInfo& info = *status.info;
  source.set_name(SourceName(info));
  source.set_kind(ToProto(info.kind));
  source.set_fund_class(ToProto(info.fund_class));
  source.set_pool(info.pool);
  for (const Measure measure : info.measures) source.add_measures(ToProto(measure));
  EncodePath(status.path ? status.path->Probe(now) : PathState(), now, source);
  if (status.reading) {
    *source.mutable_last_observe_time() = ToTimestamp(status.reading->observe_time);
  }
  v1::Source::Cache& cache = *source.mutable_cache();
  *cache.mutable_ttl() = ToDuration(info.cache.ttl);
  *cache.mutable_stale_while_revalidate() = ToDuration(info.cache.stale_while_revalidate);
  *cache.mutable_max_stale() = ToDuration(info.cache.max_stale);
  *cache.mutable_min_refresh_interval() = ToDuration(info.cache.min_refresh_interval);
  source.mutable_rate()->set_requests_per_second(info.rate.requests_per_second);
  source.mutable_rate()->set_burst(info.rate.burst);
  source.set_feed(ToProto(status.feed()));
  if (info.push.enabled) *source.mutable_poll_interval() = ToDuration(info.push.poll_interval);
  if (status.failure) source.set_consecutive_failures(status.failure->consecutive_failures);
}

void EncodeSnapshot(std::string_view account, const std::vector<SourceView>& views,
                    const SnapshotRevision& revision, EncodeView detail, v1::AccountSnapshot& out) {
  out.set_name(AccountName(account));
  std::vector<std::string> names;
  names.reserve(views.size());
  for (const SourceView& view : views) {
    EncodeSource(view, detail, *out.add_sources());
    names.push_back(out.sources().rbegin()->name());
  }
  for (const MeasureTotal& total : MergeTotals(views)) {
    EncodeTotal(total, names, *out.add_totals());
  }
  const Completeness count = CountStates(views);
  v1::Completeness& completeness = *out.mutable_completeness();
  completeness.set_configured(count.configured);
  completeness.set_fresh(count.fresh);
  completeness.set_stale(count.stale);
  completeness.set_missing(count.missing);
  completeness.set_complete(count.IsComplete());
  if (const auto oldest = OldestObserveTime(views)) {
    *out.mutable_oldest_observe_time() = ToTimestamp(*oldest);
  }
  out.mutable_revision()->set_epoch(revision.epoch);
  out.mutable_revision()->set_number(revision.number);
}

SharedBytes EncodedSnapshot(std::string_view account, const std::vector<SourceView>& views,
                            const SnapshotRevision& revision, EncodeView detail) {
  // An ordinary snapshot fits in; its hundred parts are neither allocated nor freed one by one.
  alignas(std::max_align_t) std::array<char, std::size_t{16} * 1024> block;
  google::protobuf::ArenaOptions options;
  options.initial_block = block.data();
  options.initial_block_size = block.size();
  google::protobuf::Arena arena(options);
  auto* snapshot = google::protobuf::Arena::CreateMessage<v1::AccountSnapshot>(&arena);
  EncodeSnapshot(account, views, revision, detail, *snapshot);
  return Serialized(*snapshot);
}

SharedBytes EncodedSource(const SourceView& view, EncodeView detail) {
  v1::SourceBalance source;
  EncodeSource(view, detail, source);
  return Serialized(source);
}

}  // namespace balance
