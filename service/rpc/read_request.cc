#include "service/rpc/read_request.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <array>
#include <optional>

#include "clients/core/resource_id.h"
#include "clients/core/saturating.h"
#include "service/rpc/resource_name.h"

namespace balance {
namespace {

constexpr const char* kRequiredSourcesField = "policy.required_sources";
constexpr auto kNotBeforeSeconds =
    std::chrono::floor<std::chrono::seconds>(kLongestNotBeforeWait).count();

RpcFailure InvalidPolicy(std::string field, std::string message) {
  return InvalidField(reason::kInvalidReadPolicy, std::move(field), std::move(message));
}

RpcResult<WallTime> CheckNotBefore(const google::protobuf::Timestamp& in, WallTime now) {
  using google::protobuf::util::TimeUtil;
  const std::string field = "policy.not_before";
  if (in.seconds() < TimeUtil::kTimestampMinSeconds ||
      in.seconds() > TimeUtil::kTimestampMaxSeconds || in.nanos() < 0 || in.nanos() > 999'999'999) {
    return InvalidPolicy(field, "is no valid timestamp");
  }
  const WallTime not_before(SaturatingDuration(in.seconds(), in.nanos()));
  if (not_before > now + kLongestNotBeforeWait) {
    return InvalidPolicy(field,
                         "lies more than " + std::to_string(kNotBeforeSeconds) +
                             " s in the future by the server's clock, which is as far as a call "
                             "waits; send a time that has passed, best one that this service told");
  }
  return not_before;
}

RpcResult<v1::ReadPolicy::Require> CheckRequire(const v1::ReadPolicy& policy) {
  if (!v1::ReadPolicy::Require_IsValid(policy.require())) {
    return InvalidPolicy("policy.require", "is unknown; use ANY, ALL or NAMED");
  }
  const bool is_named = policy.require() == v1::ReadPolicy::NAMED;
  if (is_named == policy.required_sources().empty()) {
    return InvalidPolicy(kRequiredSourcesField, is_named ? "require NAMED needs at least one source"
                                                         : "is only for require NAMED");
  }
  return policy.require() == v1::ReadPolicy::REQUIRE_UNSPECIFIED ? v1::ReadPolicy::ANY
                                                                 : policy.require();
}

// Greater means more permanent.
int Permanence(StatusCode code) {
  static constexpr std::array kOrder = {StatusCode::kCancelled, StatusCode::kDeadlineExceeded,
                                        StatusCode::kUnavailable, StatusCode::kInternal,
                                        StatusCode::kFailedPrecondition};
  return static_cast<int>(std::find(kOrder.begin(), kOrder.end(), code) - kOrder.begin());
}

StatusCode CodeFor(const Error& error) { return TraitsOf(error.kind).code; }

// The error of a view without data.
Error CauseOf(const SourceView& view, const ReadBounds& bounds) {
  if (bounds.only_if_cached) {
    return {ErrorKind::kNotCached,
            "nothing acceptable is cached; allow a fetch or a greater age",
            std::nullopt,
            {}};
  }
  if (view.failure) {
    Error cause = view.failure->error;
    cause.retry_after = view.retry_after;
    return cause;
  }
  return {ErrorKind::kFreshnessUnsatisfied,
          "the newest reading does not meet the bounds of the request; try again",
          view.info->cache.min_refresh_interval,
          {}};
}

// Which of several causes gives the call its code.
enum class CodeOf : std::uint8_t { kMostPermanent, kLeastPermanent };

struct MissingSources {
  std::string names;
  std::string explanation;
  StatusCode code = StatusCode::kUnavailable;
  std::optional<Duration> retry_after;
};

// gRPC's clients take 8 KiB of metadata at most, and the text is in there three times.
constexpr std::size_t kMostExplained = 5;

void Explain(const std::vector<const SourceView*>& views, const std::vector<Error>& causes,
             MissingSources& missing) {
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (i == kMostExplained) {
      missing.names += ",...";
      missing.explanation += "; and " + std::to_string(views.size() - i) + " more";
      return;
    }
    const SourceInfo& info = *views[i]->info;
    missing.names.append(i == 0 ? "" : ",").append(SourceName(info));
    missing.explanation.append(i == 0 ? "" : "; ").append(info.source).append(": ");
    missing.explanation.append(TraitsOf(causes[i].kind).reason).append(", ");
    missing.explanation.append(causes[i].message);
  }
}

MissingSources Describe(const std::vector<const SourceView*>& views, const ReadBounds& bounds,
                        CodeOf code_of) {
  MissingSources missing;
  std::vector<Error> causes;
  causes.reserve(views.size());
  for (const SourceView* view : views) causes.push_back(CauseOf(*view, bounds));
  Explain(views, causes, missing);

  const auto by_permanence = [](const Error& a, const Error& b) {
    return Permanence(CodeFor(a)) < Permanence(CodeFor(b));
  };
  missing.code = CodeFor(code_of == CodeOf::kMostPermanent
                             ? *std::max_element(causes.begin(), causes.end(), by_permanence)
                             : *std::min_element(causes.begin(), causes.end(), by_permanence));
  // Waiting does not help while a person is needed. Where one source is enough, the first counts.
  if (missing.code == StatusCode::kFailedPrecondition) return missing;
  for (const Error& cause : causes) {
    if (!TraitsOf(cause.kind).heals || !cause.retry_after) continue;
    if (!missing.retry_after) missing.retry_after = cause.retry_after;
    missing.retry_after = code_of == CodeOf::kMostPermanent
                              ? std::max(*missing.retry_after, *cause.retry_after)
                              : std::min(*missing.retry_after, *cause.retry_after);
  }
  return missing;
}

RpcFailure Missing(std::string_view reason, std::string_view account,
                   const std::vector<const SourceView*>& views, const ReadBounds& bounds,
                   CodeOf code_of, std::string_view what) {
  const MissingSources missing = Describe(views, bounds, code_of);
  RpcError error;
  error.code = missing.code;
  error.reason = reason;
  error.message =
      AccountName(account) + ": " + std::string(what) + " (" + missing.explanation + ")";
  error.metadata = {{"account", AccountName(account)}, {"missing_sources", missing.names}};
  error.retry_after = missing.retry_after;
  return RpcFailure(std::move(error));
}

}  // namespace

RpcResult<Duration> CheckDuration(const google::protobuf::Duration& in, std::string_view reason,
                                  std::string field) {
  constexpr std::int32_t kNanosPerSecond = 1'000'000'000;
  if (in.seconds() < 0 || in.nanos() < 0) {
    return InvalidField(reason, std::move(field), "must not be negative");
  }
  if (in.nanos() >= kNanosPerSecond) {
    return InvalidField(reason, std::move(field), "is no valid duration: nanos must be below 1e9");
  }
  return SaturatingDuration(in.seconds(), in.nanos());
}

RpcResult<CheckedPolicy> CheckPolicy(const v1::ReadPolicy& policy, WallTime now) {
  CheckedPolicy checked;
  if (policy.has_max_age()) {
    const auto max_age =
        CheckDuration(policy.max_age(), reason::kInvalidReadPolicy, "policy.max_age");
    if (!max_age) return RpcFailure(max_age.error());
    checked.bounds.max_age = *max_age;
  }
  if (policy.has_max_stale()) {
    const auto max_stale =
        CheckDuration(policy.max_stale(), reason::kInvalidReadPolicy, "policy.max_stale");
    if (!max_stale) return RpcFailure(max_stale.error());
    checked.bounds.max_stale = *max_stale;
  }
  if (policy.has_not_before()) {
    const auto not_before = CheckNotBefore(policy.not_before(), now);
    if (!not_before) return RpcFailure(not_before.error());
    checked.bounds.not_before = *not_before;
  }
  checked.bounds.only_if_cached = policy.only_if_cached();
  const auto require = CheckRequire(policy);
  if (!require) return RpcFailure(require.error());
  checked.require = *require;
  auto names = SourceNames::Parse(policy.required_sources(), kRequiredSourcesField);
  if (!names) return RpcFailure(std::move(names.error()));
  checked.required_sources = *std::move(names);
  return checked;
}

RpcResult<EncodeView> CheckView(v1::BalanceView view, EncodeView otherwise) {
  switch (view) {
    case v1::BALANCE_VIEW_UNSPECIFIED:
      return otherwise;
    case v1::BASIC:
      return EncodeView::kBasic;
    case v1::FULL:
      return EncodeView::kFull;
    default:
      return InvalidField(reason::kInvalidView, "view", "is unknown; use BASIC or FULL");
  }
}

RpcResult<v1::FundClass> CheckFundClass(v1::FundClass fund_class) {
  if (v1::FundClass_IsValid(fund_class)) return fund_class;
  return InvalidField(reason::kInvalidFundClass, "fund_class",
                      "is unknown; use REAL_MONEY or SIMULATED_MONEY");
}

int FindSource(const std::vector<SourceStatus>& sources, std::string_view id) {
  const auto found = std::find_if(sources.begin(), sources.end(), [id](const SourceStatus& source) {
    return source.info->source == id;
  });
  return found == sources.end() ? -1 : static_cast<int>(found - sources.begin());
}

std::vector<bool> SelectSources(const std::vector<SourceStatus>& sources, const SourceNames& names,
                                v1::FundClass fund_class, SourceNames::Found& found) {
  std::vector<bool> wanted(sources.size(), true);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const SourceInfo& source = *sources[i].info;
    if (!names.empty()) wanted[i] = names.Match(source, found);
    if (fund_class != v1::FUND_CLASS_UNSPECIFIED && ToProto(source.fund_class) != fund_class) {
      wanted[i] = false;
    }
  }
  return wanted;
}

RpcResult<std::vector<bool>> SelectRequired(const std::vector<SourceStatus>& sources,
                                            const std::vector<bool>& wanted,
                                            const CheckedPolicy& policy) {
  if (policy.require == v1::ReadPolicy::ALL) return wanted;
  std::vector<bool> required(sources.size(), false);
  if (policy.required_sources.empty()) return required;
  SourceNames::Found found = policy.required_sources.NoneFound();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    required[i] = policy.required_sources.Match(*sources[i].info, found);
  }
  auto all_found = policy.required_sources.CheckAllFound(found);
  if (!all_found) return RpcFailure(std::move(all_found.error()));
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (!required[i] || wanted[i]) continue;
    return InvalidPolicy(
        kRequiredSourcesField,
        "the request's filters exclude the required source \"" + sources[i].info->source + "\"");
  }
  return required;
}

RpcResult<void> CheckRequired(std::string_view account, const AccountAnswer& answer,
                              const CheckedPolicy& policy, const std::vector<bool>& required) {
  std::vector<const SourceView*> missing_required;
  std::vector<const SourceView*> missing;
  bool any_data = false;
  for (std::size_t i = 0; i < answer.sources.size(); ++i) {
    const SourceView& view = answer.sources[i];
    if (view.state == SourceState::kNotRequested) continue;
    if (view.reading) {
      any_data = true;
    } else {
      missing.push_back(&view);
    }
    if (required[i] && (!view.reading || view.is_refreshed_in_vain)) {
      missing_required.push_back(&view);
    }
  }
  if (!missing_required.empty() && (any_data || !policy.bounds.only_if_cached)) {
    return Missing(reason::kRequiredSourcesMissing, account, missing_required, policy.bounds,
                   CodeOf::kMostPermanent, "a required source has no data");
  }
  if (any_data) return {};
  if (missing.empty()) {
    RpcError error;
    error.code = StatusCode::kFailedPrecondition;
    error.reason = reason::kNoSourceAvailable;
    error.message = AccountName(account) + ": the request's filters leave no source; widen them";
    error.metadata = {{"account", AccountName(account)}};
    return RpcFailure(std::move(error));
  }
  if (policy.bounds.only_if_cached) {
    return Missing(TraitsOf(ErrorKind::kNotCached).reason, account, missing, policy.bounds,
                   CodeOf::kMostPermanent, "nothing is cached");
  }
  return Missing(reason::kNoSourceAvailable, account, missing, policy.bounds,
                 CodeOf::kLeastPermanent, "no source has data");
}

RpcResult<void> CheckStrict(const SourceView& view, Waited waited, const ReadBounds& bounds) {
  const bool ran_out_of_time = waited == Waited::kGaveUp || waited == Waited::kRefused;
  // A feed that is stopped ends a wait with neither a newer reading nor a failure.
  const bool was_cut_off = bounds.IsExplicit() && waited != Waited::kNot && !view.failure;
  const bool is_old = ran_out_of_time || was_cut_off || view.is_refreshed_in_vain;
  if (view.reading && (view.meets_bounds || !is_old)) return {};
  Error cause = CauseOf(view, bounds);
  if (waited == Waited::kGaveUp) {
    cause = {ErrorKind::kDeadlineExceeded,
             "the deadline came before the source's answer; the refresh goes on, so try again",
             view.info->cache.min_refresh_interval};
  }
  return FailureOf(cause, SourceName(*view.info));
}

}  // namespace balance
