// Any bytes as each of the requests of BalanceService, up to where a feed would be asked.

#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clients/core/resource_id.h"
#include "clients/polysimulator/venue.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "service/rpc/page.h"
#include "service/rpc/read_request.h"
#include "service/rpc/resource_name.h"
#include "service/rpc/watch_request.h"
#include "service/transport/proto_messages.h"
#include "tests/fuzz/lines.h"
#include "tests/fuzz/require.h"

namespace balance::fuzz {
namespace {

// Sun, 20 Sep 2026 12:00:00 GMT
constexpr WallTime kNow(std::chrono::seconds(1'789'905'600));
constexpr std::string_view kAccount = "desk-1";
// gRPC refuses to receive more than 8 KiB of trailers, in which a message stands as it is, escaped,
// and twice in the details, as base64.
constexpr std::size_t kLongestMessage = 1024;
constexpr std::size_t kLongestDetails = 3 * 1024;

std::vector<SourceStatus> MakeSources() {
  auto real = std::make_shared<SourceInfo>();
  real->account = kAccount;
  real->source = "polymarket-us";
  auto simulated = std::make_shared<SourceInfo>(*real);
  simulated->source = "polysimulator";
  simulated->kind = polysimulator::kKind;
  simulated->fund_class = FundClass::kSimulatedMoney;
  std::vector<SourceStatus> sources(2);
  sources[0].info = std::move(real);
  sources[0].reading = std::make_shared<const Reading>();
  sources[1].info = std::move(simulated);
  return sources;
}

const std::vector<SourceStatus>& Sources() {
  static const std::vector<SourceStatus> sources = MakeSources();
  return sources;
}

template <typename Request>
std::optional<Request> ParseAs(std::string_view bytes) {
  Request request;
  if (!ParseBytes(bytes, request)) return std::nullopt;
  return request;
}

// A status with details, as callers get it.
void CheckError(const RpcError& error, std::initializer_list<StatusCode> allowed) {
  const CallStatus status = ToCallStatus(error);
  Require(std::find(allowed.begin(), allowed.end(), status.code) != allowed.end(),
          "the code says whose fault it is");
  Require(!status.message.empty() && IsUtf8(status.message), "an error has a message in UTF-8");
  Require(status.message.size() <= kLongestMessage && status.details.size() <= kLongestDetails,
          "an error fits into the trailers");
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  Require(details.ParseFromString(status.details) && details.details_size() > 0 &&
              details.details(0).UnpackTo(&info),
          "an error has an ErrorInfo");
  Require(details.code() == static_cast<int>(status.code) && details.message() == status.message,
          "details and status agree");
  Require(info.domain() == kErrorDomain && !info.reason().empty(), "an ErrorInfo is complete");
}

// True if it succeeded.
template <typename T>
bool CheckResult(const RpcResult<T>& result, std::initializer_list<StatusCode> allowed) {
  if (!result) CheckError(result.error(), allowed);
  return result.has_value();
}

template <typename T>
bool CheckArgument(const RpcResult<T>& result) {
  return CheckResult(result, {StatusCode::kInvalidArgument});
}

void CheckName(const std::string& name) {
  if (const auto account = ParseAccountName(name)) {
    Require(IsResourceId(*account) && AccountName(*account) == name, "an account has one name");
  }
  if (const auto parts = ParseSourceName(name)) {
    SourceInfo info;
    info.account = parts->account;
    info.source = parts->source;
    Require(IsResourceId(parts->account) && IsResourceId(parts->source) && SourceName(info) == name,
            "a source has one name");
    Require(!ParseAccountName(name), "a source's name is no account's");
  }
}

void CheckWatch(const v1::WatchAccountSnapshotsRequest& request) {
  const auto checked = WatchRequest::Check(request);
  if (!CheckArgument(checked)) return;
  Require(checked->heartbeat_interval >= WatchRequest::kLeastHeartbeatInterval &&
              checked->heartbeat_interval <= WatchRequest::kMostInterval,
          "the heartbeat's interval is within its bounds");
  Require(checked->min_interval >= Duration::zero() &&
              checked->min_interval <= WatchRequest::kMostInterval,
          "the least interval is within its bounds");
  Require(checked->max_age.has_value() == request.has_max_age() &&
              checked->max_age.value_or(Duration::zero()) >= Duration::zero(),
          "max_age is set as in the request");
}

std::optional<CheckedPolicy> CheckedOf(const v1::ReadPolicy& policy) {
  const auto checked = CheckPolicy(policy, kNow);
  if (!CheckArgument(checked)) return std::nullopt;
  const ReadBounds& bounds = checked->bounds;
  Require(!bounds.max_age || *bounds.max_age >= Duration::zero(), "max_age is not negative");
  Require(!bounds.max_stale || *bounds.max_stale >= Duration::zero(), "max_stale is not negative");
  Require(!bounds.not_before || *bounds.not_before <= kNow + kLongestNotBeforeWait,
          "not_before has passed or is near");
  Require(bounds.max_age.has_value() == policy.has_max_age(), "max_age is set as in the request");
  Require(checked->require != v1::ReadPolicy::REQUIRE_UNSPECIFIED, "require is decided");
  return *checked;
}

// As the feeds would answer: what there is of the sources wanted.
AccountAnswer AnswerOf(const std::vector<bool>& wanted) {
  AccountAnswer answer;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const SourceStatus& source = Sources()[i];
    SourceView view;
    view.info = source.info;
    view.state = SourceState::kNotRequested;
    if (wanted[i]) {
      view.state = source.reading ? SourceState::kFresh : SourceState::kNoData;
      view.reading = source.reading;
    }
    answer.sources.push_back(std::move(view));
  }
  answer.waited.resize(wanted.size());
  return answer;
}

void CheckSelection(const Names& filter, v1::FundClass fund_class, const CheckedPolicy& checked) {
  const auto parsed = SourceNames::Parse(filter, "sources");
  if (!CheckArgument(parsed)) return;
  const SourceNames& names = *parsed;
  Require(static_cast<int>(names.size()) == filter.size(), "each name counts");
  SourceNames::Found found = names.NoneFound();
  const std::vector<bool> wanted = SelectSources(Sources(), names, fund_class, found);
  if (!CheckArgument(names.CheckAllFound(found))) return;
  Require(wanted.size() == Sources().size(), "each source is wanted or not");
  const auto selected = SelectRequired(Sources(), wanted, checked);
  if (!CheckArgument(selected)) return;
  const std::vector<bool>& required = *selected;
  Require(required.size() == wanted.size(), "each source is required or not");
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    Require(wanted[i] || !required[i], "what is required is wanted");
  }
  CheckResult(CheckRequired(kAccount, AnswerOf(wanted), checked, required),
              {StatusCode::kUnavailable, StatusCode::kFailedPrecondition});
}

// Of the requests for whole accounts.
template <typename Request>
void CheckFilters(const Request& request) {
  const auto checked = CheckedOf(request.policy());
  CheckArgument(CheckView(request.view(), EncodeView::kFull));
  if (!CheckArgument(CheckFundClass(request.fund_class())) || !checked) return;
  CheckSelection(request.sources(), request.fund_class(), *checked);
}

void CheckSource(const v1::GetSourceBalanceRequest& request) {
  CheckName(request.name());
  const auto checked = CheckedOf(request.policy());
  const auto parts = ParseSourceName(request.name());
  const int found = FindSource(Sources(), parts ? parts->source : request.name());
  Require(found < static_cast<int>(Sources().size()), "a source is one of those that there are");
  if (!checked || found < 0) return;
  std::vector<bool> wanted(Sources().size(), false);
  wanted[static_cast<std::size_t>(found)] = true;
  const AccountAnswer answer = AnswerOf(wanted);
  CheckResult(
      CheckStrict(answer.sources[static_cast<std::size_t>(found)], Waited::kNot, checked->bounds),
      {StatusCode::kUnavailable, StatusCode::kFailedPrecondition});
}

template <typename Request>
void CheckPage(const Request& request, const PageEnd& last) {
  const auto size = PageSizeOf(request.page_size());
  if (CheckArgument(size)) Require(*size >= 1 && *size <= kMaxPageSize, "a page has a size");
  const auto end = ReadPageToken(request);
  if (CheckArgument(end) && !request.page_token().empty()) {
    Require(IsResourceId(end->account), "a token names an account");
    Require(end->source.empty() || IsResourceId(end->source), "a token names a source or none");
  }
  Request next = request;
  next.set_page_token(MakePageToken(request, last));
  Require(IsPrintableAscii(next.page_token()), "a token is printable");
  Require(ReadPageToken(next) == last, "a token is good for the next page");
}

}  // namespace
}  // namespace balance::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace balance;
  // Protobuf complains of each text that is not UTF-8.
  [[maybe_unused]] static auto* const loud = google::protobuf::SetLogHandler(nullptr);
  const std::string_view bytes = fuzz::AsText(data, size);
  if (const auto request = fuzz::ParseAs<v1::GetAccountSnapshotRequest>(bytes)) {
    fuzz::CheckName(request->name());
    fuzz::CheckFilters(*request);
  }
  if (const auto request = fuzz::ParseAs<v1::GetSourceBalanceRequest>(bytes)) {
    fuzz::CheckSource(*request);
  }
  if (const auto request = fuzz::ParseAs<v1::BatchGetAccountSnapshotsRequest>(bytes)) {
    for (const std::string& name : request->names()) fuzz::CheckName(name);
    fuzz::CheckFilters(*request);
  }
  if (const auto request = fuzz::ParseAs<v1::ListAccountSnapshotsRequest>(bytes)) {
    fuzz::CheckPage(*request, {std::string(fuzz::kAccount), ""});
    fuzz::CheckFilters(*request);
  }
  if (const auto request = fuzz::ParseAs<v1::ListSourcesRequest>(bytes)) {
    fuzz::CheckName(request->parent());
    fuzz::CheckPage(*request, {std::string(fuzz::kAccount), "polysimulator"});
  }
  if (const auto request = fuzz::ParseAs<v1::WatchAccountSnapshotsRequest>(bytes)) {
    for (const std::string& name : request->names()) fuzz::CheckName(name);
    fuzz::CheckWatch(*request);
  }
  return 0;
}
