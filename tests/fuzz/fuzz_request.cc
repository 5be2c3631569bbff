// Any bytes as each of the requests of BalanceService, up to where a feed would be asked.

#include <google/protobuf/stubs/logging.h>
#include <grpc/slice.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clients/core/resource_id.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "service/rpc/message_bytes.h"
#include "service/rpc/page.h"
#include "service/rpc/read_request.h"
#include "service/rpc/resource_name.h"
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
  simulated->kind = SourceKind::kPolySimulator;
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

// A message that has been received in these slices, which must outlive it.
MessageBytes Received(std::initializer_list<std::string_view> parts) {
  std::vector<grpc_slice> slices;
  // By reference: gRPC would join short ones that it copies.
  for (const std::string_view part : parts) {
    slices.push_back(grpc_slice_from_static_buffer(part.data(), part.size()));
  }
  return MessageBytes(slices);
}

// As it is received in one slice and in two, which must make no difference.
template <typename Request>
std::optional<Request> ParseAs(std::string_view bytes) {
  const std::size_t cut = std::hash<std::string_view>()(bytes) % (bytes.size() + 1);
  // Apart from each other, so that a sanitizer sees who reads beyond an end.
  const std::vector<char> first(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(cut));
  const std::vector<char> second(bytes.begin() + static_cast<std::ptrdiff_t>(cut), bytes.end());
  Request whole;
  Request joined;
  const bool is_request = ParseBytes(Received({bytes}), whole);
  Require(ParseBytes(Received({{first.data(), first.size()}, {second.data(), second.size()}}),
                     joined) == is_request,
          "slices do not matter to whether bytes are a request");
  if (!is_request) return std::nullopt;
  Require(whole.SerializeAsString() == joined.SerializeAsString(),
          "slices do not matter to what a request says");
  return whole;
}

// True if it is OK.
bool CheckStatus(const grpc::Status& status, std::initializer_list<grpc::StatusCode> allowed) {
  if (status.ok()) return true;
  Require(std::find(allowed.begin(), allowed.end(), status.error_code()) != allowed.end(),
          "the code says whose fault it is");
  Require(!status.error_message().empty() && IsUtf8(status.error_message()),
          "an error has a message in UTF-8");
  Require(status.error_message().size() <= kLongestMessage &&
              status.error_details().size() <= kLongestDetails,
          "an error fits into the trailers");
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  Require(details.ParseFromString(status.error_details()) && details.details_size() > 0 &&
              details.details(0).UnpackTo(&info),
          "an error has an ErrorInfo");
  Require(details.code() == status.error_code() && details.message() == status.error_message(),
          "details and status agree");
  Require(info.domain() == kErrorDomain && !info.reason().empty(), "an ErrorInfo is complete");
  return false;
}

bool CheckArgument(const grpc::Status& status) {
  return CheckStatus(status, {grpc::StatusCode::INVALID_ARGUMENT});
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

std::optional<CheckedPolicy> CheckedOf(const v1::ReadPolicy& policy) {
  CheckedPolicy checked;
  if (!CheckArgument(CheckPolicy(policy, kNow, checked))) return std::nullopt;
  const ReadBounds& bounds = checked.bounds;
  Require(!bounds.max_age || *bounds.max_age >= Duration::zero(), "max_age is not negative");
  Require(!bounds.max_stale || *bounds.max_stale >= Duration::zero(), "max_stale is not negative");
  Require(!bounds.not_before || *bounds.not_before <= kNow + kLongestNotBeforeWait,
          "not_before has passed or is near");
  Require(bounds.max_age.has_value() == policy.has_max_age(), "max_age is set as in the request");
  Require(checked.require != v1::ReadPolicy::REQUIRE_UNSPECIFIED, "require is decided");
  return checked;
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
  SourceNames names;
  if (!CheckArgument(SourceNames::Parse(filter, "sources", names))) return;
  Require(static_cast<int>(names.size()) == filter.size(), "each name counts");
  SourceNames::Found found = names.NoneFound();
  const std::vector<bool> wanted = SelectSources(Sources(), names, fund_class, found);
  if (!CheckArgument(names.CheckAllFound(found))) return;
  std::vector<bool> required;
  Require(wanted.size() == Sources().size(), "each source is wanted or not");
  if (!CheckArgument(SelectRequired(Sources(), wanted, checked, required))) return;
  Require(required.size() == wanted.size(), "each source is required or not");
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    Require(wanted[i] || !required[i], "what is required is wanted");
  }
  CheckStatus(CheckRequired(kAccount, AnswerOf(wanted), checked, required),
              {grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::FAILED_PRECONDITION});
}

// Of the requests for whole accounts.
template <typename Request>
void CheckFilters(const Request& request) {
  const auto checked = CheckedOf(request.policy());
  EncodeView view = EncodeView::kBasic;
  CheckArgument(CheckView(request.view(), EncodeView::kFull, view));
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
  CheckStatus(
      CheckStrict(answer.sources[static_cast<std::size_t>(found)], Waited::kNot, checked->bounds),
      {grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::FAILED_PRECONDITION});
}

template <typename Request>
void CheckPage(const Request& request, const PageEnd& last) {
  std::size_t size = 0;
  if (CheckArgument(CheckPageSize(request.page_size(), size))) {
    Require(size >= 1 && size <= kMaxPageSize, "a page has a size");
  }
  PageEnd end;
  if (CheckArgument(ReadPageToken(request, end)) && !request.page_token().empty()) {
    Require(IsResourceId(end.account), "a token names an account");
    Require(end.source.empty() || IsResourceId(end.source), "a token names a source or none");
  }
  Request next = request;
  next.set_page_token(MakePageToken(request, last));
  Require(IsPrintableAscii(next.page_token()), "a token is printable");
  Require(ReadPageToken(next, end).ok() && end == last, "a token is good for the next page");
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
  return 0;
}
