#include "service/rpc/balance_rpc.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <limits>
#include <span>
#include <utility>

#include "clients/core/resource_id.h"
#include "clients/core/saturating.h"
#include "service/rpc/joint_answer.h"
#include "service/rpc/message_bytes.h"
#include "service/rpc/page.h"
#include "service/rpc/resource_name.h"
#include "service/rpc/snapshot_bytes.h"
#include "service/rpc/source_page.h"
#include "service/rpc/status.h"
#include "service/rpc/waiting_call.h"

namespace balance {
namespace {

constexpr std::string_view kSourcesField = "sources";
constexpr auto kAllAccounts = std::numeric_limits<std::size_t>::max();

grpc::Status NotConfigured(std::string_view reason, std::string_view full_name, std::string what) {
  std::string name = ShortText(full_name);
  RpcError error;
  error.code = grpc::StatusCode::NOT_FOUND;
  error.reason = reason;
  error.message =
      "\"" + name + "\" is not a configured " + std::move(what) + "; ListSources names what is";
  error.metadata = {{"name", std::move(name)}};
  return ToGrpcStatus(error);
}

// Whether a request asks for all that the published bytes hold, whatever its bounds. That all
// sources have data is what they promise.
bool AsksForEverything(const v1::GetAccountSnapshotRequest& request) {
  return request.sources().empty() && request.fund_class() == v1::FUND_CLASS_UNSPECIFIED &&
         (request.view() == v1::BALANCE_VIEW_UNSPECIFIED || request.view() == v1::FULL) &&
         request.policy().required_sources().empty() &&
         (request.policy().require() == v1::ReadPolicy::REQUIRE_UNSPECIFIED ||
          request.policy().require() == v1::ReadPolicy::ANY ||
          request.policy().require() == v1::ReadPolicy::ALL);
}

grpc::Status InvalidRequest(std::string message) {
  RpcError error;
  error.code = grpc::StatusCode::INVALID_ARGUMENT;
  error.reason = reason::kInvalidRequest;
  error.message = std::move(message);
  return ToGrpcStatus(error);
}

grpc::Status NoRequest() { return InvalidRequest("the call has no request message; send one"); }

// The answer to bytes that are no `request`.
grpc::Status NotParsed(const google::protobuf::Message& request) {
  return InvalidRequest("the request is not a " + request.GetDescriptor()->name() +
                        "; check the client's .proto");
}

}  // namespace

BalanceRpc::BalanceRpc(const Published<Served>& served, const Clock& clock, RpcObserver& observer)
    : served_(served), clock_(clock), observer_(observer) {}

void BalanceRpc::Handle(RpcMethod method, IncomingCall& incoming) {
  // Not counted: mostly a caller that left in the middle, which is no failure of a call.
  if (!incoming.request()) return incoming.Finish({}, NoRequest());
  observer_.OnStarted(method);
  ServerCall call(incoming, method, served_.Get());
  const auto refusal = call.Identify(clock_);
  if (const auto* why = std::get_if<AccessRefusal>(&refusal)) {
    return FinishNow(call, Deny(call, *why, ""));
  }
  switch (method) {
    case RpcMethod::kGetAccountSnapshot:
      return GetAccountSnapshot(call);
    case RpcMethod::kGetSourceBalance:
      return GetSourceBalance(call);
    case RpcMethod::kBatchGetAccountSnapshots:
      return BatchGetAccountSnapshots(call);
    case RpcMethod::kListAccountSnapshots:
      return ListAccountSnapshots(call);
    case RpcMethod::kListSources:
      return ListSources(call);
  }
}

grpc::Status BalanceRpc::Deny(const ServerCall& call, AccessRefusal refusal,
                              std::string_view account) const {
  observer_.OnDenied(call.Denial(refusal, account));
  return ToGrpcStatus(refusal);
}

SteadyTime BalanceRpc::AnswerBy(const ServerCall& call) const {
  const auto deadline = call.call().deadline();
  Duration remaining = kDefaultDeadline;
  if (deadline != std::chrono::system_clock::time_point::max()) {
    remaining = std::clamp(SaturatingDifference(deadline, std::chrono::system_clock::now()),
                           Duration::zero(), kLongestDeadline);
  }
  return clock_.SteadyNow() + remaining - std::min(kAnswerMargin, remaining / 4);
}

void BalanceRpc::Finish(IncomingCall& call, RpcMethod method, const grpc::Status& status,
                        MessageBytes response) const {
  observer_.OnHandled(method, status.error_code());
  call.Finish(std::move(response), status);
}

void BalanceRpc::Encode(std::size_t accounts, std::function<void()> work) {
  if (accounts <= kAccountsEncodedAtOnce) return work();
  boost::asio::post(encoder_, std::move(work));
}

void BalanceRpc::FinishNow(const ServerCall& call, const grpc::Status& status,
                           MessageBytes response) const {
  Finish(call.call(), call.method(), status, std::move(response));
}

grpc::Status BalanceRpc::FindConfigured(const ServerCall& call, const std::string& account,
                                        const std::string& name,
                                        const AccountEndpoint*& endpoint) const {
  // Before anything tells whether there is such an account.
  if (!call.MaySee(account)) return Deny(call, AccessRefusal::kAccountNotAllowed, name);
  endpoint = call.Find(account);
  if (endpoint) return {};
  return NotConfigured(reason::kAccountNotConfigured, name, "account");
}

grpc::Status BalanceRpc::FindAccount(const ServerCall& call, const std::string& name,
                                     const std::string& field,
                                     const AccountEndpoint*& endpoint) const {
  if (name.empty()) {
    endpoint = call.Only();
    if (endpoint) return {};
    return InvalidField(reason::kInvalidName, field,
                        "is empty, but there is not exactly one account; send "
                        "\"accounts/{account}\"");
  }
  const auto account = ParseAccountName(name);
  if (!account) {
    return InvalidField(reason::kInvalidName, field,
                        "is no account name; send \"accounts/{account}\", where {account} matches "
                        "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
  }
  return FindConfigured(call, std::string(*account), name, endpoint);
}

grpc::Status BalanceRpc::FindSourceOf(const ServerCall& call, const std::string& name,
                                      const AccountEndpoint*& endpoint, std::string& source) const {
  if (const auto parts = ParseSourceName(name)) {
    source = parts->source;
    const std::string account(parts->account);
    return FindConfigured(call, account, AccountName(account), endpoint);
  }
  endpoint = call.Only();
  source = name;
  if (endpoint && IsResourceId(name)) return grpc::Status::OK;
  return InvalidField(reason::kInvalidName, "name",
                      "is no source name; send \"accounts/{account}/sources/{source}\"");
}

template <typename Request>
grpc::Status BalanceRpc::CheckFilter(const Request& request, Filter& filter) {
  if (auto status = CheckFundClass(request.fund_class()); !status.ok()) return status;
  filter.fund_class = request.fund_class();
  return SourceNames::Parse(request.sources(), kSourcesField, filter.sources);
}

grpc::Status BalanceRpc::MakeTarget(const AccountEndpoint& endpoint, const Filter& filter,
                                    const CheckedPolicy& checked, SteadyTime answer_by,
                                    SourceNames::Found& found, Target& target) {
  target.endpoint = &endpoint;
  target.view = endpoint.publisher->Get();
  target.read.bounds = checked.bounds;
  target.read.answer_by = answer_by;
  const auto& sources = target.view->statuses;
  target.read.wanted = SelectSources(sources, filter.sources, filter.fund_class, found);
  return SelectRequired(sources, target.read.wanted, checked, target.required);
}

grpc::Status BalanceRpc::CheckNamesOfAll(const ServerCall& call, const SourceNames& names) {
  if (names.empty()) return grpc::Status::OK;
  SourceNames::Found found = names.NoneFound();
  for (const AccountEndpoint* endpoint : call.Accounts("", kAllAccounts)) {
    const auto view = endpoint->publisher->Get();
    for (const SourceStatus& source : view->statuses) names.Match(*source.info, found);
    if (std::find(found.begin(), found.end(), false) == found.end()) return grpc::Status::OK;
  }
  return names.CheckAllFound(found);
}

void BalanceRpc::Answer(const ServerCall& call, std::vector<Target> targets, Respond respond) {
  const Now now = Time();
  std::vector<AccountAnswer> answers;
  answers.reserve(targets.size());
  for (const Target& target : targets) {
    // A state that has aged is for the shard to publish, with a revision of its own.
    if (now.steady > target.view->next_state_change) break;
    auto answer = AnswerFromCache(target.view->statuses, target.read, now);
    if (!answer) break;
    answer->revision = target.view->revision.number;
    answers.push_back(std::move(*answer));
  }
  // The targets belong to what was served when the call began.
  auto finish = [this, &incoming = call.call(), method = call.method(), served = call.served(),
                 respond = std::move(respond)](const std::vector<Target>& asked,
                                               const std::vector<AccountAnswer>& found) {
    MessageBytes response;
    const grpc::Status status = respond(asked, found, response);
    Finish(incoming, method, status, std::move(response));
  };
  const std::size_t accounts = targets.size();
  if (answers.size() == accounts) {
    return Encode(accounts, [finish = std::move(finish), targets = std::move(targets),
                             answers = std::move(answers)] { finish(targets, answers); });
  }
  std::vector<WaitingCall::Read> reads;
  reads.reserve(targets.size());
  for (const Target& target : targets)
    reads.push_back({target.endpoint->handle.get(), target.read});
  auto work = std::make_unique<WaitingCall>(
      [this, &incoming = call.call(), method = call.method(), finish = std::move(finish),
       targets = std::move(targets)](std::optional<std::vector<AccountAnswer>> waited) {
        if (!waited) {
          return Finish(incoming, method, {grpc::StatusCode::CANCELLED, "the caller has left"}, {});
        }
        // The call keeps what is referred to until it is finished.
        AtOneInstant(targets, std::move(*waited),
                     [this, &finish, &targets](std::vector<AccountAnswer> judged) {
                       Encode(targets.size(), [&finish, &targets, found = std::move(judged)] {
                         finish(targets, found);
                       });
                     });
      });
  WaitingCall& waiting = *work;
  call.call().Keep(std::move(work));
  waiting.Start(std::move(reads));
}

void BalanceRpc::AtOneInstant(const std::vector<Target>& targets,
                              std::vector<AccountAnswer> answers,
                              std::function<void(std::vector<AccountAnswer>)> done) const {
  // A single one is of the instant at which it was given.
  if (targets.size() == 1) return done(std::move(answers));
  std::vector<AskedAccount> accounts;
  accounts.reserve(targets.size());
  for (const Target& target : targets) accounts.push_back({target.endpoint, &target.read});
  JudgeTogether(clock_, std::move(accounts), std::move(answers), std::move(done));
}

ServedSnapshot BalanceRpc::EncodeAnswer(const Target& target, const AccountAnswer& answer,
                                        EncodeView detail) {
  return {encodings_.Snapshot(target.endpoint->publisher->account(), answer.sources,
                              RevisionOf(target, answer), detail),
          answer.at.wall};
}

grpc::Status BalanceRpc::SnapshotTarget(const AccountEndpoint& endpoint,
                                        const v1::GetAccountSnapshotRequest& request,
                                        const CheckedPolicy& checked, SteadyTime answer_by,
                                        EncodeView& detail, Target& target) {
  if (auto status = CheckView(request.view(), EncodeView::kFull, detail); !status.ok()) {
    return status;
  }
  Filter filter;
  if (auto status = CheckFilter(request, filter); !status.ok()) return status;
  SourceNames::Found found = filter.sources.NoneFound();
  auto status = MakeTarget(endpoint, filter, checked, answer_by, found, target);
  if (auto names = filter.sources.CheckAllFound(found); !names.ok()) return names;
  return status;
}

bool BalanceRpc::PutPublished(const AccountEndpoint& endpoint, const ReadBounds& bounds,
                              MessageBytes& response) const {
  const auto view = endpoint.publisher->Get();
  const Now now = Time();
  if (!Answers(*view, bounds, now)) return false;
  if (now.steady >= view->early_refresh_at && !view->early_refresh_asked.test_and_set()) {
    endpoint.handle->RefreshEarly();
  }
  response = BytesOf(view->encoded, now.wall);
  return true;
}

void BalanceRpc::GetAccountSnapshot(const ServerCall& call) {
  v1::GetAccountSnapshotRequest request;
  if (!ParseBytes(call.call().request(), request)) return FinishNow(call, NotParsed(request));
  const AccountEndpoint* endpoint = nullptr;
  CheckedPolicy checked;
  grpc::Status status = FindAccount(call, request.name(), "name", endpoint);
  if (status.ok() && request.has_policy()) {
    status = CheckPolicy(request.policy(), clock_.WallNow(), checked);
  }
  if (!status.ok()) return FinishNow(call, status);
  MessageBytes published;
  if (AsksForEverything(request) && PutPublished(*endpoint, checked.bounds, published)) {
    return FinishNow(call, status, std::move(published));
  }
  EncodeView detail = EncodeView::kFull;
  std::vector<Target> targets(1);
  status = SnapshotTarget(*endpoint, request, checked, AnswerBy(call), detail, targets.front());
  if (!status.ok()) return FinishNow(call, status);
  return Answer(
      call, std::move(targets),
      [this, checked, detail](const std::vector<Target>& asked,
                              const std::vector<AccountAnswer>& answers, MessageBytes& response) {
        const Target& target = asked.front();
        if (auto error = CheckRequired(target.endpoint->publisher->account(), answers.front(),
                                       checked, target.required);
            !error.ok()) {
          return error;
        }
        const ServedSnapshot snapshot = EncodeAnswer(target, answers.front(), detail);
        response = BytesOf(snapshot.bytes, snapshot.serve_time);
        return grpc::Status::OK;
      });
}

void BalanceRpc::GetSourceBalance(const ServerCall& call) {
  v1::GetSourceBalanceRequest request;
  if (!ParseBytes(call.call().request(), request)) return FinishNow(call, NotParsed(request));
  const AccountEndpoint* endpoint = nullptr;
  std::string source;
  CheckedPolicy checked;
  EncodeView detail = EncodeView::kFull;
  grpc::Status status = FindSourceOf(call, request.name(), endpoint, source);
  if (status.ok()) status = CheckPolicy(request.policy(), clock_.WallNow(), checked);
  if (status.ok()) status = CheckView(request.view(), EncodeView::kFull, detail);
  if (!status.ok()) return FinishNow(call, status);

  std::vector<Target> targets(1);
  Target& target = targets.front();
  target.endpoint = endpoint;
  target.view = endpoint->publisher->Get();
  const int index = FindSource(target.view->statuses, source);
  if (index < 0) {
    return FinishNow(call, NotConfigured(reason::kSourceNotConfigured, request.name(), "source"));
  }
  const auto i = static_cast<std::size_t>(index);
  target.read.bounds = checked.bounds;
  target.read.answer_by = AnswerBy(call);
  target.read.wanted.assign(target.view->statuses.size(), false);
  target.read.wanted[i] = true;
  return Answer(call, std::move(targets),
                [this, checked, detail, i](const std::vector<Target>& asked,
                                           const std::vector<AccountAnswer>& answers,
                                           MessageBytes& response) {
                  const AccountAnswer& answer = answers.front();
                  const SourceView& view = answer.sources[i];
                  if (auto error = CheckStrict(view, answer.waited[i].how, checked.bounds);
                      !error.ok()) {
                    return error;
                  }
                  const SharedBytes bytes =
                      encodings_.Source(view, RevisionOf(asked.front(), answer), detail);
                  response = MessageBytes(std::span(&bytes.slice(), 1));
                  return grpc::Status::OK;
                });
}

void BalanceRpc::BatchGetAccountSnapshots(const ServerCall& call) {
  v1::BatchGetAccountSnapshotsRequest request;
  if (!ParseBytes(call.call().request(), request)) return FinishNow(call, NotParsed(request));
  if (request.names().empty() || request.names_size() > kMaxBatchSize) {
    return FinishNow(call,
                     InvalidField(reason::kInvalidBatch, "names",
                                  "must hold 1 to " + std::to_string(kMaxBatchSize) + " names"));
  }
  CheckedPolicy checked;
  EncodeView detail = EncodeView::kFull;
  grpc::Status status = CheckPolicy(request.policy(), clock_.WallNow(), checked);
  if (status.ok()) status = CheckView(request.view(), EncodeView::kFull, detail);
  Filter filter;
  if (status.ok()) status = CheckFilter(request, filter);
  SourceNames::Found found = filter.sources.NoneFound();
  const SteadyTime answer_by = AnswerBy(call);
  std::vector<Target> targets(static_cast<std::size_t>(request.names_size()));
  for (std::size_t i = 0; status.ok() && i < targets.size(); ++i) {
    const AccountEndpoint* endpoint = nullptr;
    status = FindAccount(call, request.names(static_cast<int>(i)),
                         "names[" + std::to_string(i) + "]", endpoint);
    if (!status.ok()) break;
    status = MakeTarget(*endpoint, filter, checked, answer_by, found, targets[i]);
  }
  if (status.ok()) status = filter.sources.CheckAllFound(found);
  if (!status.ok()) return FinishNow(call, status);
  return Answer(
      call, std::move(targets),
      [this, checked, detail](const std::vector<Target>& asked,
                              const std::vector<AccountAnswer>& answers, MessageBytes& response) {
        std::vector<ServedSnapshot> snapshots;
        snapshots.reserve(asked.size());
        for (std::size_t i = 0; i < asked.size(); ++i) {
          // A filter that fits other accounts only is no failure of this one.
          const std::vector<bool>& wanted = asked[i].read.wanted;
          if (std::find(wanted.begin(), wanted.end(), true) == wanted.end()) {
            snapshots.push_back(EncodeAnswer(asked[i], answers[i], detail));
            continue;
          }
          if (auto error = CheckRequired(asked[i].endpoint->publisher->account(), answers[i],
                                         checked, asked[i].required);
              !error.ok()) {
            return error;
          }
          snapshots.push_back(EncodeAnswer(asked[i], answers[i], detail));
        }
        response = BytesOf(snapshots, v1::BatchGetAccountSnapshotsResponse());
        return grpc::Status::OK;
      });
}

grpc::Status BalanceRpc::ListTargets(const ServerCall& call,
                                     const v1::ListAccountSnapshotsRequest& request,
                                     SteadyTime answer_by, std::vector<Target>& targets,
                                     std::string& next_page_token) const {
  std::size_t page_size = 0;
  if (auto status = CheckPageSize(request.page_size(), page_size); !status.ok()) return status;
  CheckedPolicy checked;
  if (auto status = CheckPolicy(request.policy(), clock_.WallNow(), checked); !status.ok()) {
    return status;
  }
  // Does not apply here, but has to make sense.
  checked.require = v1::ReadPolicy::ANY;
  checked.required_sources = {};
  Filter filter;
  if (auto status = CheckFilter(request, filter); !status.ok()) return status;
  if (auto status = CheckNamesOfAll(call, filter.sources); !status.ok()) return status;
  if (!request.policy().has_only_if_cached()) {
    checked.bounds.only_if_cached = !checked.bounds.IsExplicit();
  }
  PageEnd last;
  if (auto status = ReadPageToken(request, last); !status.ok()) return status;
  // One more tells whether there is another page.
  const auto accounts = call.Accounts(last.account, page_size + 1);
  SourceNames::Found found = filter.sources.NoneFound();
  for (std::size_t i = 0; i < std::min(accounts.size(), page_size); ++i) {
    if (auto status =
            MakeTarget(*accounts[i], filter, checked, answer_by, found, targets.emplace_back());
        !status.ok()) {
      return status;
    }
  }
  if (accounts.size() > page_size) {
    next_page_token = MakePageToken(request, {targets.back().endpoint->publisher->account(), {}});
  }
  return grpc::Status::OK;
}

void BalanceRpc::ListAccountSnapshots(const ServerCall& call) {
  v1::ListAccountSnapshotsRequest request;
  if (!ParseBytes(call.call().request(), request)) return FinishNow(call, NotParsed(request));
  EncodeView detail = EncodeView::kBasic;
  std::vector<Target> targets;
  std::string next_page_token;
  grpc::Status status = CheckView(request.view(), EncodeView::kBasic, detail);
  if (status.ok()) {
    status = ListTargets(call, request, AnswerBy(call), targets, next_page_token);
  }
  if (!status.ok()) return FinishNow(call, status);
  return Answer(call, std::move(targets),
                [this, detail, next_page_token, total_size = call.CountAll().accounts](
                    const std::vector<Target>& asked, const std::vector<AccountAnswer>& answers,
                    MessageBytes& response) {
                  v1::ListAccountSnapshotsResponse rest;
                  rest.set_next_page_token(next_page_token);
                  rest.set_total_size(static_cast<std::int32_t>(total_size));
                  std::vector<ServedSnapshot> snapshots;
                  snapshots.reserve(asked.size());
                  for (std::size_t i = 0; i < asked.size(); ++i) {
                    snapshots.push_back(EncodeAnswer(asked[i], answers[i], detail));
                    for (const SourceView& view : answers[i].sources) {
                      if (view.state != SourceState::kNoData) continue;
                      rest.add_unreachable(SourceName(*view.info));
                    }
                  }
                  response = BytesOf(snapshots, rest);
                  return grpc::Status::OK;
                });
}

grpc::Status BalanceRpc::AccountsOfSources(const ServerCall& call,
                                           const v1::ListSourcesRequest& request,
                                           const PageEnd& after, std::size_t page_size,
                                           std::vector<const AccountEndpoint*>& accounts,
                                           std::size_t& total_size) const {
  if (!request.parent().empty()) {
    const AccountEndpoint* endpoint = nullptr;
    auto status = FindAccount(call, request.parent(), "parent", endpoint);
    if (!status.ok()) return status;
    accounts.push_back(endpoint);
    total_size = endpoint->source_count;
    return grpc::Status::OK;
  }
  total_size = call.CountAll().sources;
  // A token proves nothing: whoever made it may not see the account by it.
  if (!after.account.empty() && call.MaySee(after.account)) {
    if (const AccountEndpoint* begun = call.Find(after.account)) accounts.push_back(begun);
  }
  // Every account has a source, so a page, and the one entry that tells of another, needs no more.
  const auto behind = call.Accounts(after.account, page_size + 1);
  accounts.insert(accounts.end(), behind.begin(), behind.end());
  return grpc::Status::OK;
}

void BalanceRpc::ListSources(const ServerCall& call) {
  v1::ListSourcesRequest request;
  if (!ParseBytes(call.call().request(), request)) return FinishNow(call, NotParsed(request));
  std::size_t page_size = 0;
  PageEnd after;
  std::vector<const AccountEndpoint*> endpoints;
  std::size_t total_size = 0;
  grpc::Status status = CheckPageSize(request.page_size(), page_size);
  if (status.ok()) status = ReadPageToken(request, after);
  if (status.ok())
    status = AccountsOfSources(call, request, after, page_size, endpoints, total_size);
  if (!status.ok()) return FinishNow(call, status);
  SourcePage page = MakeSourcePage(endpoints, after, page_size);
  v1::ListSourcesResponse message;
  message.set_total_size(static_cast<std::int32_t>(total_size));
  if (page.end) message.set_next_page_token(MakePageToken(request, *page.end));
  const std::size_t accounts = page.parts.size();
  Encode(accounts, [this, &incoming = call.call(), method = call.method(), page = std::move(page),
                    message = std::move(message)]() mutable {
    for (const SourcePage::Part& part : page.parts) {
      for (std::size_t i = part.begin; i < part.end; ++i) {
        EncodeSourceStatus(part.view->statuses[i], Time(), *message.add_sources());
      }
    }
    Finish(incoming, method, grpc::Status::OK, BytesOf(message));
  });
}

}  // namespace balance
