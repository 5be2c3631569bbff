#include "service/rpc/balance_rpc.h"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "clients/core/resource_id.h"
#include "clients/core/saturating.h"
#include "service/rpc/joint_answer.h"
#include "service/rpc/message_bytes.h"
#include "service/rpc/page.h"
#include "service/rpc/resource_name.h"
#include "service/rpc/smaller_answer.h"
#include "service/rpc/snapshot_bytes.h"
#include "service/rpc/source_page.h"
#include "service/rpc/status.h"

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

BalanceRpc::BalanceRpc(const Published<Served>& served, const Clock& clock, RpcObserver& observer,
                       LoadLimits limits)
    : served_(served),
      clock_(clock),
      observer_(observer),
      awaited_accounts_(limits.awaited_accounts),
      encoder_(limits.queued_accounts) {}

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

BalanceRpc::CallTime BalanceRpc::TimeOf(const ServerCall& call) const {
  const auto deadline = call.call().deadline();
  const bool has_deadline = deadline != std::chrono::system_clock::time_point::max();
  Duration remaining = kDefaultDeadline;
  if (has_deadline) {
    remaining = std::clamp(SaturatingDifference(deadline, std::chrono::system_clock::now()),
                           Duration::zero(), kLongestDeadline);
  }
  const SteadyTime end = clock_.SteadyNow() + remaining;
  return {end - std::min(kAnswerMargin, remaining / 4), has_deadline ? end : SteadyTime::max()};
}

void BalanceRpc::Finish(IncomingCall& call, RpcMethod method, const grpc::Status& status,
                        MessageBytes response) const {
  if (response && !call.MakeRoom(response.size())) {
    return Finish(call, method, Overloaded("too many answers wait for callers to take them"), {});
  }
  observer_.OnHandled(method, status.error_code());
  call.Finish(std::move(response), status);
}

void BalanceRpc::FinishNow(const ServerCall& call, const grpc::Status& status,
                           MessageBytes response) const {
  Finish(call.call(), call.method(), status, std::move(response));
}

bool BalanceRpc::EndIfGone(const ServerCall& call, const WaitingCall& waiting,
                           SteadyTime deadline) const {
  if (waiting.caller_has_left()) {
    FinishNow(call, {grpc::StatusCode::CANCELLED, "the caller has left"});
    return true;
  }
  if (clock_.SteadyNow() < deadline) return false;
  FinishNow(call, {grpc::StatusCode::DEADLINE_EXCEEDED, "the deadline came before the answer"});
  return true;
}

grpc::Status BalanceRpc::TooLarge(const ServerCall& call, EncodeView detail) {
  return AnswerTooLarge(call.served()->max_answer_size, SmallerAnswer(call.method(), detail));
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

BalanceRpc::Selection BalanceRpc::Select(const ServerCall& call, const Question& question) {
  const SourceNames& names = question.filter.sources;
  Selection selection;
  selection.found = names.NoneFound();
  selection.targets.reserve(question.accounts.size());
  for (const AccountEndpoint* endpoint : question.accounts) {
    Target& target = selection.targets.emplace_back();
    target.endpoint = endpoint;
    target.view = endpoint->publisher->Get();
    target.read.bounds = question.checked.bounds;
    target.read.answer_by = question.time.answer_by;
    target.read.deadline = question.time.deadline;
    target.read.wanted =
        SelectSources(target.view->statuses, names, question.filter.fund_class, selection.found);
  }
  if (!question.is_page) return selection;
  for (const std::string_view account : names.AccountsOfMissing(selection.found)) {
    const AccountEndpoint* endpoint = call.MaySee(account) ? call.Find(account) : nullptr;
    if (endpoint) NoteNames(*endpoint, names, selection.found);
  }
  selection.needs_search = names.MissesId(selection.found);
  return selection;
}

grpc::Status BalanceRpc::Check(const ServerCall& call, const Question& question,
                               Selection& selection) {
  const SourceNames& names = question.filter.sources;
  if (selection.needs_search) {
    for (const AccountEndpoint* endpoint : call.Accounts("", kAllAccounts)) {
      NoteNames(*endpoint, names, selection.found);
      if (!names.MissesId(selection.found)) break;
    }
  }
  auto status = names.CheckAllFound(selection.found);
  for (Target& target : selection.targets) {
    if (!status.ok()) break;
    status = SelectRequired(target.view->statuses, target.read.wanted, question.checked,
                            target.required);
  }
  return status;
}

void BalanceRpc::NoteNames(const AccountEndpoint& endpoint, const SourceNames& names,
                           SourceNames::Found& found) {
  const auto view = endpoint.publisher->Get();
  for (const SourceStatus& source : view->statuses) names.Match(*source.info, found);
}

void BalanceRpc::Answer(const ServerCall& call, Question question, Respond respond) {
  std::size_t accounts = question.accounts.size();
  if (accounts <= kAccountsEncodedAtOnce) {
    Selection selection = Select(call, question);
    const std::size_t searched = selection.needs_search ? call.CountAll().accounts : 0;
    if (searched <= kAccountsEncodedAtOnce) {
      const grpc::Status status = Check(call, question, selection);
      if (!status.ok()) return FinishNow(call, status);
      return AnswerTargets(call, std::move(selection.targets), std::move(respond), nullptr);
    }
    accounts += 1 + searched / kAccountsSearchedForOne;
  }
  const SteadyTime deadline = question.time.deadline;
  EncodeLater(call, accounts, deadline,
              [this, call, question = std::move(question),
               respond = std::move(respond)](WaitingCall& waiting) {
                Selection selection = Select(call, question);
                const grpc::Status status = Check(call, question, selection);
                if (!status.ok()) return FinishNow(call, status);
                AnswerTargets(call, std::move(selection.targets), respond, &waiting);
              });
}

void BalanceRpc::EncodeLater(const ServerCall& call, std::size_t accounts, SteadyTime deadline,
                             std::function<void(WaitingCall&)> work) {
  auto kept = std::make_unique<WaitingCall>();
  WaitingCall& waiting = *kept;
  // Hears of a caller who leaves while the call waits for its turn.
  call.call().Keep(std::move(kept));
  const bool is_taken =
      encoder_.TryPost(accounts, [this, call, &waiting, deadline, work = std::move(work)] {
        if (!EndIfGone(call, waiting, deadline)) work(waiting);
      });
  if (!is_taken) FinishNow(call, Overloaded("too many answers about many accounts are under way"));
}

void BalanceRpc::AnswerTargets(const ServerCall& call, std::vector<Target> targets, Respond respond,
                               WaitingCall* waiting) {
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
  if (answers.size() == targets.size()) return FinishWith(call, targets, answers, respond);
  const bool are_many = targets.size() > kAccountsEncodedAtOnce;
  const std::size_t limit = awaited_accounts_.limit() / (are_many ? 2 : 1);
  if (!awaited_accounts_.TryTake(targets.size(), limit)) {
    return FinishNow(call, Overloaded("too many accounts are waited for"));
  }
  if (!waiting) {
    auto work = std::make_unique<WaitingCall>();
    waiting = work.get();
    call.call().Keep(std::move(work));
  }
  AnswerWhenRead(call, std::move(targets), std::move(respond), *waiting);
}

void BalanceRpc::AnswerWhenRead(const ServerCall& call, std::vector<Target> targets,
                                Respond respond, WaitingCall& waiting) {
  std::vector<WaitingCall::Read> reads;
  reads.reserve(targets.size());
  for (const Target& target : targets) {
    reads.push_back({target.endpoint->handle.get(), target.read});
  }
  // The call keeps what it waits with, and so what is referred to below, until it is finished.
  waiting.Start(std::move(reads), [this, call, &waiting, targets = std::move(targets),
                                   respond = std::move(respond)](
                                      std::optional<std::vector<AccountAnswer>> waited) {
    awaited_accounts_.Give(targets.size());
    if (EndIfGone(call, waiting, targets.front().read.deadline) || !waited) return;
    const auto finish = [this, &call, &waiting, &targets,
                         &respond](const std::vector<AccountAnswer>& answers) {
      if (EndIfGone(call, waiting, targets.front().read.deadline)) return;
      FinishWith(call, targets, answers, respond);
    };
    if (targets.size() <= kAccountsEncodedAtOnce) {
      return AtOneInstant(targets, std::move(*waited), finish);
    }
    encoder_.Dispatch(targets.size(), [this, &targets, finish, waited = std::move(*waited)] {
      AtOneInstant(targets, waited, [this, &targets, finish](const auto& answers) {
        encoder_.Dispatch(targets.size(), [finish, answers] { finish(answers); });
      });
    });
  });
}

// The targets belong to what was served when the call began, which the call keeps.
void BalanceRpc::FinishWith(const ServerCall& call, const std::vector<Target>& targets,
                            const std::vector<AccountAnswer>& answers,
                            const Respond& respond) const {
  MessageBytes response;
  const grpc::Status status = respond(targets, answers, response);
  FinishNow(call, status, std::move(response));
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
                                        EncodeView detail, bool is_of_many) {
  const std::string& account = target.endpoint->publisher->account();
  const SnapshotRevision revision = RevisionOf(target, answer);
  // Encodings of a page are not kept: they would push out those that callers of single accounts
  // share.
  SharedBytes bytes = is_of_many ? EncodedSnapshot(account, answer.sources, revision, detail)
                                 : encodings_.Snapshot(account, answer.sources, revision, detail);
  return {std::move(bytes), answer.at.wall};
}

bool BalanceRpc::FinishPublished(const ServerCall& call, const AccountEndpoint& endpoint,
                                 const ReadBounds& bounds) const {
  const auto view = endpoint.publisher->Get();
  const Now now = Time();
  if (!Answers(*view, bounds, now)) return false;
  if (now.steady >= view->early_refresh_at && !view->early_refresh_asked.test_and_set()) {
    endpoint.handle->RefreshEarly();
  }
  if (view->encoded.view().size() + kServeTimeBytes > call.served()->max_answer_size) {
    FinishNow(call, TooLarge(call, EncodeView::kFull));
  } else {
    FinishNow(call, grpc::Status::OK, BytesOf(view->encoded, now.wall));
  }
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
  if (AsksForEverything(request) && FinishPublished(call, *endpoint, checked.bounds)) return;
  Question question;
  question.accounts = {endpoint};
  status = CheckView(request.view(), EncodeView::kFull, question.detail);
  if (status.ok()) status = CheckFilter(request, question.filter);
  if (!status.ok()) return FinishNow(call, status);
  question.checked = checked;
  question.time = TimeOf(call);
  const EncodeView detail = question.detail;
  return Answer(
      call, std::move(question),
      [this, call, checked = std::move(checked), detail](const std::vector<Target>& asked,
                                                         const std::vector<AccountAnswer>& answers,
                                                         MessageBytes& response) {
        const Target& target = asked.front();
        if (auto error = CheckRequired(target.endpoint->publisher->account(), answers.front(),
                                       checked, target.required);
            !error.ok()) {
          return error;
        }
        const ServedSnapshot snapshot = EncodeAnswer(target, answers.front(), detail, false);
        if (snapshot.bytes.view().size() + kServeTimeBytes > call.served()->max_answer_size) {
          return TooLarge(call, detail);
        }
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
  const CallTime time = TimeOf(call);
  target.read.answer_by = time.answer_by;
  target.read.deadline = time.deadline;
  target.read.wanted.assign(target.view->statuses.size(), false);
  target.read.wanted[i] = true;
  return AnswerTargets(
      call, std::move(targets),
      [this, call, checked, detail, i](const std::vector<Target>& asked,
                                       const std::vector<AccountAnswer>& answers,
                                       MessageBytes& response) {
        const AccountAnswer& answer = answers.front();
        const SourceView& view = answer.sources[i];
        if (auto error = CheckStrict(view, answer.waited[i].how, checked.bounds); !error.ok()) {
          return error;
        }
        const SharedBytes bytes =
            encodings_.Source(view, RevisionOf(asked.front(), answer), detail);
        if (bytes.view().size() > call.served()->max_answer_size) return TooLarge(call, detail);
        response = MessageBytes(std::span(&bytes.slice(), 1));
        return grpc::Status::OK;
      },
      nullptr);
}

void BalanceRpc::BatchGetAccountSnapshots(const ServerCall& call) {
  v1::BatchGetAccountSnapshotsRequest request;
  if (!ParseBytes(call.call().request(), request)) return FinishNow(call, NotParsed(request));
  if (request.names().empty() || request.names_size() > kMaxBatchSize) {
    return FinishNow(call,
                     InvalidField(reason::kInvalidBatch, "names",
                                  "must hold 1 to " + std::to_string(kMaxBatchSize) + " names"));
  }
  Question question;
  grpc::Status status = CheckPolicy(request.policy(), clock_.WallNow(), question.checked);
  if (status.ok()) status = CheckView(request.view(), EncodeView::kFull, question.detail);
  if (status.ok()) status = CheckFilter(request, question.filter);
  question.time = TimeOf(call);
  for (int i = 0; status.ok() && i < request.names_size(); ++i) {
    const AccountEndpoint* endpoint = nullptr;
    status = FindAccount(call, request.names(i), "names[" + std::to_string(i) + "]", endpoint);
    question.accounts.push_back(endpoint);
  }
  if (!status.ok()) return FinishNow(call, status);
  const EncodeView detail = question.detail;
  const CheckedPolicy checked = question.checked;
  return Answer(
      call, std::move(question),
      [this, call, checked, detail](const std::vector<Target>& asked,
                                    const std::vector<AccountAnswer>& answers,
                                    MessageBytes& response) {
        SnapshotsResponse snapshots(call.served()->max_answer_size, asked.size());
        for (std::size_t i = 0; i < asked.size(); ++i) {
          // A filter that fits other accounts only is no failure of this one.
          const std::vector<bool>& wanted = asked[i].read.wanted;
          if (std::find(wanted.begin(), wanted.end(), true) != wanted.end()) {
            auto error = CheckRequired(asked[i].endpoint->publisher->account(), answers[i], checked,
                                       asked[i].required);
            if (!error.ok()) return error;
          }
          if (!snapshots.Add(EncodeAnswer(asked[i], answers[i], detail, asked.size() > 1))) {
            return TooLarge(call, detail);
          }
        }
        response = snapshots.Make(v1::BatchGetAccountSnapshotsResponse());
        return grpc::Status::OK;
      });
}

grpc::Status BalanceRpc::ListQuestion(const ServerCall& call,
                                      const v1::ListAccountSnapshotsRequest& request,
                                      Question& question, std::string& next_page_token) const {
  std::size_t page_size = 0;
  PageEnd last;
  CheckedPolicy& checked = question.checked;
  grpc::Status status = CheckView(request.view(), EncodeView::kBasic, question.detail);
  if (status.ok()) status = CheckPageSize(request.page_size(), page_size);
  if (status.ok()) status = CheckPolicy(request.policy(), clock_.WallNow(), checked);
  if (status.ok()) status = CheckFilter(request, question.filter);
  if (status.ok()) status = ReadPageToken(request, last);
  if (!status.ok()) return status;
  // Does not apply here, but has to make sense.
  checked.require = v1::ReadPolicy::ANY;
  checked.required_sources = {};
  if (!request.policy().has_only_if_cached()) {
    checked.bounds.only_if_cached = !checked.bounds.IsExplicit();
  }
  question.is_page = true;
  // One more tells whether there is another page.
  question.accounts = call.Accounts(last.account, page_size + 1);
  if (question.accounts.size() > page_size) {
    question.accounts.pop_back();
    next_page_token = MakePageToken(request, {question.accounts.back()->publisher->account(), {}});
  }
  return status;
}

void BalanceRpc::ListAccountSnapshots(const ServerCall& call) {
  v1::ListAccountSnapshotsRequest request;
  if (!ParseBytes(call.call().request(), request)) return FinishNow(call, NotParsed(request));
  Question question;
  v1::ListAccountSnapshotsResponse rest;
  const grpc::Status status =
      ListQuestion(call, request, question, *rest.mutable_next_page_token());
  if (!status.ok()) return FinishNow(call, status);
  question.time = TimeOf(call);
  rest.set_total_size(static_cast<std::int32_t>(call.CountAll().accounts));
  const EncodeView detail = question.detail;
  return Answer(call, std::move(question),
                [this, call, detail, rest = std::move(rest)](
                    const std::vector<Target>& asked, const std::vector<AccountAnswer>& answers,
                    MessageBytes& response) {
                  v1::ListAccountSnapshotsResponse others = rest;
                  SnapshotsResponse snapshots(call.served()->max_answer_size, asked.size());
                  for (std::size_t i = 0; i < asked.size(); ++i) {
                    if (!snapshots.Add(EncodeAnswer(asked[i], answers[i], detail, true))) {
                      return TooLarge(call, detail);
                    }
                    for (const SourceView& view : answers[i].sources) {
                      if (view.state != SourceState::kNoData) continue;
                      others.add_unreachable(SourceName(*view.info));
                    }
                  }
                  response = snapshots.Make(others);
                  return response ? grpc::Status::OK : TooLarge(call, detail);
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
  const auto accounts = page.parts.size();
  const auto finish = [this, call, page = std::move(page), message = std::move(message)] {
    v1::ListSourcesResponse response = message;
    for (const SourcePage::Part& part : page.parts) {
      for (std::size_t i = part.begin; i < part.end; ++i) {
        EncodeSourceStatus(part.view->statuses[i], Time(), *response.add_sources());
      }
    }
    if (response.ByteSizeLong() > call.served()->max_answer_size) {
      return FinishNow(call, TooLarge(call, EncodeView::kBasic));
    }
    FinishNow(call, grpc::Status::OK, BytesOf(response));
  };
  if (accounts <= kAccountsEncodedAtOnce) return finish();
  EncodeLater(call, accounts, TimeOf(call).deadline, [finish](WaitingCall&) { finish(); });
}

}  // namespace balance
