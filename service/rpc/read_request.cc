#include "service/rpc/read_request.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <array>
#include <optional>

#include "clients/core/resource_id.h"
#include "clients/core/saturating.h"
#include "service/rpc/resource_name.h"
#include "service/rpc/status.h"

namespace balance {
namespace {

constexpr const char* kRequiredSourcesField = "policy.required_sources";
constexpr auto kNotBeforeSeconds =
    std::chrono::floor<std::chrono::seconds>(kLongestNotBeforeWait).count();

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
  out = SaturatingDuration(in.seconds(), in.nanos());
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
  const WallTime not_before(SaturatingDuration(in.seconds(), in.nanos()));
  if (not_before > now + kLongestNotBeforeWait) {
    return InvalidPolicy(field,
                         "lies more than " + std::to_string(kNotBeforeSeconds) +
                             " s in the future by the server's clock, which is as far as a call "
                             "waits; send a time that has passed, best one that this service told");
  }
  out = not_before;
  return grpc::Status::OK;
}

grpc::Status CheckRequire(const v1::ReadPolicy& policy, CheckedPolicy& out) {
  if (!v1::ReadPolicy::Require_IsValid(policy.require())) {
    return InvalidPolicy("policy.require", "is unknown; use ANY, ALL or NAMED");
  }
  out.require = policy.require() == v1::ReadPolicy::REQUIRE_UNSPECIFIED ? v1::ReadPolicy::ANY
                                                                        : policy.require();
  const bool is_named = out.require == v1::ReadPolicy::NAMED;
  if (is_named == policy.required_sources().empty()) {
    return InvalidPolicy(kRequiredSourcesField, is_named ? "require NAMED needs at least one source"
                                                         : "is only for require NAMED");
  }
  if (!is_named) return grpc::Status::OK;
  return SourceNames::Parse(policy.required_sources(), kRequiredSourcesField, out.required_sources);
}

// Greater means more permanent.
int Permanence(grpc::StatusCode code) {
  static constexpr std::array kOrder = {grpc::StatusCode::CANCELLED,
                                        grpc::StatusCode::DEADLINE_EXCEEDED,
                                        grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::INTERNAL,
                                        grpc::StatusCode::FAILED_PRECONDITION};
  return static_cast<int>(std::find(kOrder.begin(), kOrder.end(), code) - kOrder.begin());
}

grpc::StatusCode CodeFor(const Error& error) {
  return static_cast<grpc::StatusCode>(TraitsOf(error.kind).code);
}

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
  grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE;
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
  for (const SourceView* view : views) causes.push_back(CauseOf(*view, bounds));
  Explain(views, causes, missing);

  const auto by_permanence = [](const Error& a, const Error& b) {
    return Permanence(CodeFor(a)) < Permanence(CodeFor(b));
  };
  missing.code = CodeFor(code_of == CodeOf::kMostPermanent
                             ? *std::max_element(causes.begin(), causes.end(), by_permanence)
                             : *std::min_element(causes.begin(), causes.end(), by_permanence));
  // Waiting does not help while a person is needed. Where one source is enough, the first counts.
  if (missing.code == grpc::StatusCode::FAILED_PRECONDITION) return missing;
  for (const Error& cause : causes) {
    if (!TraitsOf(cause.kind).heals || !cause.retry_after) continue;
    if (!missing.retry_after) missing.retry_after = cause.retry_after;
    missing.retry_after = code_of == CodeOf::kMostPermanent
                              ? std::max(*missing.retry_after, *cause.retry_after)
                              : std::min(*missing.retry_after, *cause.retry_after);
  }
  return missing;
}

grpc::Status MissingStatus(std::string_view reason, std::string_view account,
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
  return CheckRequire(policy, out);
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

grpc::Status SelectRequired(const std::vector<SourceStatus>& sources,
                            const std::vector<bool>& wanted, const CheckedPolicy& policy,
                            std::vector<bool>& required) {
  if (policy.require == v1::ReadPolicy::ALL) {
    required = wanted;
    return grpc::Status::OK;
  }
  required.assign(sources.size(), false);
  if (policy.required_sources.empty()) return grpc::Status::OK;
  SourceNames::Found found = policy.required_sources.NoneFound();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    required[i] = policy.required_sources.Match(*sources[i].info, found);
  }
  if (auto status = policy.required_sources.CheckAllFound(found); !status.ok()) return status;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (!required[i] || wanted[i]) continue;
    return InvalidPolicy(
        kRequiredSourcesField,
        "the request's filters exclude the required source \"" + sources[i].info->source + "\"");
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
    return MissingStatus(reason::kRequiredSourcesMissing, account, missing_required, policy.bounds,
                         CodeOf::kMostPermanent, "a required source has no data");
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
                         CodeOf::kMostPermanent, "nothing is cached");
  }
  return MissingStatus(reason::kNoSourceAvailable, account, missing, policy.bounds,
                       CodeOf::kLeastPermanent, "no source has data");
}

grpc::Status CheckStrict(const SourceView& view, Waited waited, const ReadBounds& bounds) {
  const bool ran_out_of_time = waited == Waited::kGaveUp || waited == Waited::kRefused;
  // A feed that is stopped ends a wait with neither a newer reading nor a failure.
  const bool was_cut_off = bounds.IsExplicit() && waited != Waited::kNot && !view.failure;
  const bool is_old = ran_out_of_time || was_cut_off || view.is_refreshed_in_vain;
  if (view.reading && (view.meets_bounds || !is_old)) return grpc::Status::OK;
  Error cause = CauseOf(view, bounds);
  if (waited == Waited::kGaveUp) {
    cause = {ErrorKind::kDeadlineExceeded,
             "the deadline came before the source's answer; the refresh goes on, so try again",
             view.info->cache.min_refresh_interval};
  }
  return ToGrpcStatus(cause, SourceName(*view.info));
}

}  // namespace balance
