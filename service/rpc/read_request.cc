#include "service/rpc/read_request.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <array>
#include <optional>

#include "clients/core/resource_id.h"
#include "service/rpc/resource_name.h"
#include "service/rpc/status.h"

namespace balance {
namespace {

constexpr const char* kRequiredSourcesField = "policy.required_sources";

grpc::Status InvalidPolicy(std::string field, std::string message) {
  return InvalidField(reason::kInvalidReadPolicy, std::move(field), std::move(message));
}

// Durations that nanoseconds cannot hold are as good as the longest one that they can.
grpc::Status CheckDuration(const google::protobuf::Duration& in, std::string field,
                           std::optional<Duration>& out) {
  constexpr std::int32_t kNanosPerSecond = 1'000'000'000;
  if (in.seconds() < 0 || in.nanos() < 0) {
    return InvalidPolicy(std::move(field), "must not be negative");
  }
  if (in.nanos() >= kNanosPerSecond) {
    return InvalidPolicy(std::move(field), "is no valid duration: nanos must be below 1e9");
  }
  constexpr auto kLongest = std::chrono::duration_cast<std::chrono::seconds>(Duration::max());
  const std::chrono::seconds seconds(std::min(in.seconds(), kLongest.count() - 1));
  out = seconds + std::chrono::nanoseconds(in.nanos());
  return grpc::Status::OK;
}

grpc::Status CheckNotBefore(const google::protobuf::Timestamp& in, WallTime now,
                            std::optional<WallTime>& out) {
  using google::protobuf::util::TimeUtil;
  const std::string field = "policy.not_before";
  if (in.seconds() < TimeUtil::kTimestampMinSeconds ||
      in.seconds() > TimeUtil::kTimestampMaxSeconds || in.nanos() < 0 || in.nanos() > 999'999'999) {
    return InvalidPolicy(field, "is no valid timestamp");
  }
  // Both ends of what nanoseconds can hold lie far outside the life of any reading.
  constexpr auto kLimit = std::chrono::duration_cast<std::chrono::seconds>(Duration::max());
  const std::int64_t seconds = std::clamp(in.seconds(), -kLimit.count() + 1, kLimit.count() - 1);
  const WallTime not_before(std::chrono::seconds(seconds) + std::chrono::nanoseconds(in.nanos()));
  if (not_before > now) {
    return InvalidPolicy(field,
                         "lies in the future by the server's clock; send a time that has "
                         "passed, best one that this service told");
  }
  out = not_before;
  return grpc::Status::OK;
}

std::string UnknownSource(std::string_view name) {
  return "the account has no source \"" + std::string(name) + "\"; ListSources names what it has";
}

// Greater means more permanent.
int Permanence(grpc::StatusCode code) {
  static constexpr std::array kOrder = {grpc::StatusCode::CANCELLED,
                                        grpc::StatusCode::DEADLINE_EXCEEDED,
                                        grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::INTERNAL,
                                        grpc::StatusCode::FAILED_PRECONDITION};
  return static_cast<int>(std::find(kOrder.begin(), kOrder.end(), code) - kOrder.begin());
}

// The error of a view without data.
Error CauseOf(const SourceView& view, const ReadBounds& bounds) {
  if (bounds.only_if_cached) {
    return {ErrorKind::kNotCached,
            "nothing acceptable is cached; allow a fetch or a greater age",
            std::nullopt,
            {}};
  }
  if (view.failure) return view.failure->error;
  return {ErrorKind::kFreshnessUnsatisfied,
          "the newest reading does not meet the bounds of the request; try again",
          view.info->cache.min_refresh_interval,
          {}};
}

struct MissingSources {
  std::string names;
  std::string explanation;
  grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE;
  std::optional<Duration> retry_after;
};

MissingSources Describe(const std::vector<const SourceView*>& views, const ReadBounds& bounds) {
  MissingSources missing;
  int permanence = -1;
  for (const SourceView* view : views) {
    const Error cause = CauseOf(*view, bounds);
    const ErrorTraits& traits = TraitsOf(cause.kind);
    const auto code = static_cast<grpc::StatusCode>(traits.code);
    if (!missing.names.empty()) missing.names += ",";
    missing.names += view->info->source;
    if (!missing.explanation.empty()) missing.explanation += "; ";
    missing.explanation +=
        view->info->source + ": " + std::string(traits.reason) + ", " + cause.message;
    if (Permanence(code) > permanence) {
      permanence = Permanence(code);
      missing.code = code;
    }
    if (traits.heals && cause.retry_after) {
      missing.retry_after =
          std::max(missing.retry_after.value_or(Duration::zero()), *cause.retry_after);
    }
  }
  // Waiting does not help while one of them needs a person.
  if (missing.code == grpc::StatusCode::FAILED_PRECONDITION) missing.retry_after.reset();
  return missing;
}

grpc::Status MissingStatus(std::string_view reason, std::string_view account,
                           const std::vector<const SourceView*>& views, const ReadBounds& bounds,
                           std::string_view what) {
  const MissingSources missing = Describe(views, bounds);
  RpcError error;
  error.code = missing.code;
  error.reason = reason;
  error.message =
      AccountName(account) + ": " + std::string(what) + " (" + missing.explanation + ")";
  error.metadata = {{"account", AccountName(account)}, {"missing_sources", missing.names}};
  error.retry_after = missing.retry_after;
  return ToGrpcStatus(error);
}

}  // namespace

grpc::Status CheckPolicy(const v1::ReadPolicy& policy, WallTime now, CheckedPolicy& out) {
  if (policy.has_max_age()) {
    const auto status = CheckDuration(policy.max_age(), "policy.max_age", out.bounds.max_age);
    if (!status.ok()) return status;
  }
  if (policy.has_max_stale()) {
    const auto status = CheckDuration(policy.max_stale(), "policy.max_stale", out.bounds.max_stale);
    if (!status.ok()) return status;
  }
  if (policy.has_not_before()) {
    const auto status = CheckNotBefore(policy.not_before(), now, out.bounds.not_before);
    if (!status.ok()) return status;
  }
  out.bounds.only_if_cached = policy.only_if_cached();
  switch (policy.require()) {
    case v1::ReadPolicy::REQUIRE_UNSPECIFIED:
      out.require = v1::ReadPolicy::ANY;
      return grpc::Status::OK;
    case v1::ReadPolicy::ANY:
    case v1::ReadPolicy::ALL:
    case v1::ReadPolicy::NAMED:
      out.require = policy.require();
      return grpc::Status::OK;
    default:
      return InvalidPolicy("policy.require", "is unknown; use ANY, ALL or NAMED");
  }
}

grpc::Status CheckView(v1::BalanceView view, EncodeView otherwise, EncodeView& out) {
  switch (view) {
    case v1::BALANCE_VIEW_UNSPECIFIED:
      out = otherwise;
      return grpc::Status::OK;
    case v1::BASIC:
      out = EncodeView::kBasic;
      return grpc::Status::OK;
    case v1::FULL:
      out = EncodeView::kFull;
      return grpc::Status::OK;
    default:
      return InvalidField(reason::kInvalidView, "view", "is unknown; use BASIC or FULL");
  }
}

grpc::Status CheckFundClass(v1::FundClass fund_class) {
  if (v1::FundClass_IsValid(fund_class)) return grpc::Status::OK;
  return InvalidField(reason::kInvalidFundClass, "fund_class",
                      "is unknown; use REAL_MONEY or SIMULATED_MONEY");
}

int FindSource(const std::vector<SourceStatus>& sources, std::string_view id_or_name) {
  const auto found = std::find_if(sources.begin(), sources.end(), [&](const SourceStatus& source) {
    return source.info->source == id_or_name || SourceName(*source.info) == id_or_name;
  });
  return found == sources.end() ? -1 : static_cast<int>(found - sources.begin());
}

grpc::Status SelectSources(const std::vector<SourceStatus>& sources, const Names& filter,
                           v1::FundClass fund_class, UnknownIds unknown,
                           std::vector<bool>& wanted) {
  wanted.assign(sources.size(), filter.empty());
  for (const std::string& name : filter) {
    const int found = FindSource(sources, name);
    if (found >= 0) {
      wanted[static_cast<std::size_t>(found)] = true;
    } else if (unknown == UnknownIds::kRefuse || !(IsResourceId(name) || ParseSourceName(name))) {
      return InvalidPolicy("sources", UnknownSource(name));
    }
  }
  if (fund_class == v1::FUND_CLASS_UNSPECIFIED) return grpc::Status::OK;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (ToProto(sources[i].info->fund_class) != fund_class) wanted[i] = false;
  }
  return grpc::Status::OK;
}

grpc::Status SelectRequired(const std::vector<SourceStatus>& sources,
                            const std::vector<bool>& wanted, const v1::ReadPolicy& policy,
                            std::vector<bool>& required) {
  if (policy.require() != v1::ReadPolicy::NAMED) {
    if (!policy.required_sources().empty()) {
      return InvalidPolicy(kRequiredSourcesField, "is only for require NAMED");
    }
    required.assign(sources.size(), false);
    if (policy.require() == v1::ReadPolicy::ALL) required = wanted;
    return grpc::Status::OK;
  }
  if (policy.required_sources().empty()) {
    return InvalidPolicy(kRequiredSourcesField, "require NAMED needs at least one source");
  }
  required.assign(sources.size(), false);
  for (const std::string& name : policy.required_sources()) {
    const int found = FindSource(sources, name);
    if (found < 0) return InvalidPolicy(kRequiredSourcesField, UnknownSource(name));
    const auto i = static_cast<std::size_t>(found);
    if (!wanted[i]) {
      return InvalidPolicy(kRequiredSourcesField,
                           "the request's filters exclude the required source \"" + name + "\"");
    }
    required[i] = true;
  }
  return grpc::Status::OK;
}

grpc::Status CheckRequired(std::string_view account, const AccountAnswer& answer,
                           const CheckedPolicy& policy, const std::vector<bool>& required) {
  std::vector<const SourceView*> missing_required;
  std::vector<const SourceView*> missing;
  bool any_data = false;
  for (std::size_t i = 0; i < answer.sources.size(); ++i) {
    const SourceView& view = answer.sources[i];
    if (view.reading) any_data = true;
    if (view.reading || view.state == SourceState::kNotRequested) continue;
    missing.push_back(&view);
    if (required[i]) missing_required.push_back(&view);
  }
  if (!missing_required.empty() && (any_data || !policy.bounds.only_if_cached)) {
    return MissingStatus(reason::kRequiredSourcesMissing, account, missing_required, policy.bounds,
                         "a required source has no data");
  }
  if (any_data) return grpc::Status::OK;
  if (missing.empty()) {
    RpcError error;
    error.code = grpc::StatusCode::FAILED_PRECONDITION;
    error.reason = reason::kNoSourceAvailable;
    error.message = AccountName(account) + ": the request's filters leave no source; widen them";
    error.metadata = {{"account", AccountName(account)}};
    return ToGrpcStatus(error);
  }
  if (policy.bounds.only_if_cached) {
    return MissingStatus(TraitsOf(ErrorKind::kNotCached).reason, account, missing, policy.bounds,
                         "nothing is cached");
  }
  return MissingStatus(reason::kNoSourceAvailable, account, missing, policy.bounds,
                       "no source has data");
}

grpc::Status CheckStrict(const SourceView& view, bool gave_up, const ReadBounds& bounds) {
  if (view.reading) return grpc::Status::OK;
  Error cause = CauseOf(view, bounds);
  if (gave_up && cause.kind != ErrorKind::kFreshnessUnsatisfied) {
    cause = {ErrorKind::kDeadlineExceeded,
             "the deadline came before the source's answer; the refresh goes on, so try again",
             std::nullopt,
             {}};
  }
  return ToGrpcStatus(cause, SourceName(*view.info));
}

}  // namespace balance
