#include "service/rpc/balance_rpc.h"

#include <algorithm>
#include <utility>

#include "service/rpc/find_account.h"
#include "service/rpc/page.h"
#include "service/rpc/smaller_answer.h"
#include "service/rpc/source_page.h"
#include "service/transport/proto_messages.h"

namespace balance {
namespace {

constexpr std::string_view kSourcesField = "sources";

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

RpcFailure TooLarge(const CallContext& call, EncodeView detail) {
  return AnswerTooLarge(call.served()->max_answer_size, SmallerAnswer(call.method(), detail));
}

template <typename T>
void FinishFailed(const CallContext& call, RpcResult<T> failed) {
  call.Finish(RpcFailure(std::move(failed.error())));
}

SnapshotRevision RevisionOf(const AccountView& view, const AccountAnswer& answer) {
  return {view.revision.epoch, answer.revision};
}

// Whether the caller's read started a refresh that it shows the reading of. Another caller's did
// not, and is told so.
bool HasFetched(const AccountAnswer& answer) {
  return std::any_of(answer.sources.begin(), answer.sources.end(),
                     [](const SourceView& view) { return view.outcome == Outcome::kFetched; });
}

// Whether the answer is what the account's view holds for everybody. One that waited for a failure
// tells how long to wait before another try; one from the cache tells the time of it only.
bool SaysWhatIsPublished(const Target& target, const AccountAnswer& answer) {
  if (answer.revision != target.view->revision.number) return false;
  std::vector<SourceView> shown = answer.sources;
  for (SourceView& view : shown) {
    view.meets_bounds = false;
    view.is_refreshed_in_vain = false;
    if (target.read.bounds.only_if_cached) view.retry_after.reset();
  }
  std::vector<SourceView> published = target.view->Shown();
  for (SourceView& view : published) view.meets_bounds = false;
  return shown == published;
}

bool IsAnyWanted(const std::vector<bool>& wanted) {
  return std::find(wanted.begin(), wanted.end(), true) != wanted.end();
}

}  // namespace

BalanceRpc::BalanceRpc(const Published<Served>& served, const Clock& clock, RpcObserver& observer,
                       LoadLimits limits)
    : served_(served),
      clock_(clock),
      observer_(observer),
      watchers_(clock),
      reads_(clock, limits) {}

void BalanceRpc::AddTo(MethodTable& methods) {
  for (int i = 0; i < kRpcMethodCount; ++i) {
    const auto method = static_cast<RpcMethod>(i);
    const MethodKind kind = IsStreaming(method) ? MethodKind::kServerStreaming : MethodKind::kUnary;
    methods.Add({kBalanceServiceName, std::string(NameOf(method)), kind,
                 [this, method](Call& call) { Handle(method, call); }});
  }
}

void BalanceRpc::Handle(RpcMethod method, Call& incoming) {
  CallContext call(incoming, method, served_.Get(), observer_, clock_);
  if (IsStreaming(method)) return StartWatch(std::move(call));
  if (auto admitted = call.Admit(); !admitted) return FinishFailed(call, std::move(admitted));
  switch (method) {
    case RpcMethod::kGetAccountSnapshot:
      return Dispatch(call, &BalanceRpc::GetAccountSnapshot);
    case RpcMethod::kGetSourceBalance:
      return Dispatch(call, &BalanceRpc::GetSourceBalance);
    case RpcMethod::kBatchGetAccountSnapshots:
      return Dispatch(call, &BalanceRpc::BatchGetAccountSnapshots);
    case RpcMethod::kListAccountSnapshots:
      return Dispatch(call, &BalanceRpc::ListAccountSnapshots);
    case RpcMethod::kListSources:
      return Dispatch(call, &BalanceRpc::ListSources);
    case RpcMethod::kWatchAccountSnapshots:
      break;
  }
}

void BalanceRpc::StartWatch(CallContext call) {
  Call& incoming = call.call();
  auto watch = std::make_unique<WatchStream>(watch_environment_, std::move(call));
  WatchStream& opened = *watch;
  opened.Begin(incoming.Open(std::move(watch)),
               SeededRandom(next_watch_.fetch_add(1, std::memory_order_relaxed)));
}

template <typename Request>
void BalanceRpc::Dispatch(const CallContext& call, Method<Request> method) {
  Request request;
  if (!ParseBytes(call.call().request(), request)) return call.Finish(NotParsed(request));
  (this->*method)(call, request);
}

template <typename Request>
RpcResult<BalanceRpc::Asked> BalanceRpc::Check(const Request& request, EncodeView otherwise) const {
  Asked asked;
  auto checked = CheckPolicy(request.policy(), clock_.WallNow());
  if (!checked) return RpcFailure(std::move(checked.error()));
  asked.checked = *std::move(checked);
  const auto detail = CheckView(request.view(), otherwise);
  if (!detail) return RpcFailure(detail.error());
  asked.detail = *detail;
  const auto fund_class = CheckFundClass(request.fund_class());
  if (!fund_class) return RpcFailure(fund_class.error());
  asked.filter.fund_class = *fund_class;
  auto sources = SourceNames::Parse(request.sources(), kSourcesField);
  if (!sources) return RpcFailure(std::move(sources.error()));
  asked.filter.sources = *std::move(sources);
  return asked;
}

ServedSnapshot BalanceRpc::EncodeAnswer(const Target& target, const AccountAnswer& answer,
                                        EncodeView detail, bool is_of_many) {
  const std::string& account = target.endpoint->publisher->account();
  const SnapshotRevision revision = RevisionOf(*target.view, answer);
  const bool has_fetched = HasFetched(answer);
  if (!has_fetched && SaysWhatIsPublished(target, answer)) {
    return {target.view->Encoded(detail), answer.at.wall};
  }
  // Encodings of a page are not kept: they would push out those that callers of single accounts
  // share. Nor is one that nobody else is told.
  SharedBytes bytes = is_of_many || has_fetched
                          ? EncodedSnapshot(account, answer.sources, revision, detail)
                          : encodings_.Snapshot(account, answer.sources, revision, detail);
  return {std::move(bytes), answer.at.wall};
}

bool BalanceRpc::FinishPublished(const CallContext& call, const AccountEndpoint& endpoint,
                                 const ReadBounds& bounds) const {
  const auto view = endpoint.publisher->Get();
  const Now now = clock_.Time();
  if (!Answers(*view, bounds, now)) return false;
  if (now.steady >= view->early_refresh_at && !view->early_refresh_asked.test_and_set()) {
    endpoint.handle->RefreshEarly();
  }
  const SharedBytes& encoded = view->Encoded(EncodeView::kFull);
  if (encoded.size() + kServeTimeBytes > call.served()->max_answer_size) {
    call.Finish(TooLarge(call, EncodeView::kFull));
  } else {
    call.Finish(ResponseOf(encoded, now.wall));
  }
  return true;
}

void BalanceRpc::GetAccountSnapshot(const CallContext& call,
                                    const v1::GetAccountSnapshotRequest& request) {
  const auto endpoint = FindAccount(call, request.name(), "name");
  if (!endpoint) return FinishFailed(call, endpoint);
  if (AsksForEverything(request)) {
    ReadBounds bounds;
    if (request.has_policy()) {
      auto checked = CheckPolicy(request.policy(), clock_.WallNow());
      if (!checked) return FinishFailed(call, std::move(checked));
      bounds = checked->bounds;
    }
    if (FinishPublished(call, **endpoint, bounds)) return;
  }
  auto asked = Check(request, EncodeView::kFull);
  if (!asked) return FinishFailed(call, std::move(asked));
  Question question;
  question.accounts = {*endpoint};
  question.filter = asked->filter;
  question.checked = asked->checked;
  reads_.Answer(call, std::move(question),
                [this, call, asked = *std::move(asked)](const std::vector<Target>& targets,
                                                        const std::vector<AccountAnswer>& answers) {
                  return SnapshotAnswer(call, asked, targets.front(), answers.front());
                });
}

RpcResult<Response> BalanceRpc::SnapshotAnswer(const CallContext& call, const Asked& asked,
                                               const Target& target, const AccountAnswer& answer) {
  auto suffices =
      CheckRequired(target.endpoint->publisher->account(), answer, asked.checked, target.required);
  if (!suffices) return RpcFailure(std::move(suffices.error()));
  ServedSnapshot snapshot = EncodeAnswer(target, answer, asked.detail, false);
  if (snapshot.bytes.size() + kServeTimeBytes > call.served()->max_answer_size) {
    return TooLarge(call, asked.detail);
  }
  return ResponseOf(std::move(snapshot.bytes), snapshot.serve_time);
}

void BalanceRpc::GetSourceBalance(const CallContext& call,
                                  const v1::GetSourceBalanceRequest& request) {
  auto found = FindSourceByName(call, request.name());
  if (!found) return FinishFailed(call, std::move(found));
  auto checked = CheckPolicy(request.policy(), clock_.WallNow());
  if (!checked) return FinishFailed(call, std::move(checked));
  const auto detail = CheckView(request.view(), EncodeView::kFull);
  if (!detail) return FinishFailed(call, detail);

  const CallTime time = call.time();
  std::vector<Target> targets(1);
  Target& target = targets.front();
  target.endpoint = found->account;
  target.read.bounds = checked->bounds;
  target.read.answer_by = time.answer_by;
  target.read.trace = call.trace();
  target.read.deadline = time.deadline;
  target.read.wanted.assign(found->view->statuses.size(), false);
  target.read.wanted[found->index] = true;
  target.view = std::move(found->view);
  reads_.Answer(call, std::move(targets),
                [this, call, bounds = checked->bounds, detail = *detail, index = found->index](
                    const std::vector<Target>& asked,
                    const std::vector<AccountAnswer>& answers) -> RpcResult<Response> {
                  const AccountAnswer& answer = answers.front();
                  const SourceView& view = answer.sources[index];
                  auto suffices = CheckStrict(view, answer.waited[index].how, bounds);
                  if (!suffices) return RpcFailure(std::move(suffices.error()));
                  SharedBytes bytes =
                      encodings_.Source(view, RevisionOf(*asked.front().view, answer), detail);
                  if (bytes.size() > call.served()->max_answer_size) return TooLarge(call, detail);
                  return Response(std::move(bytes));
                });
}

void BalanceRpc::BatchGetAccountSnapshots(const CallContext& call,
                                          const v1::BatchGetAccountSnapshotsRequest& request) {
  if (request.names().empty() || request.names_size() > kMaxBatchSize) {
    return call.Finish(InvalidField(reason::kInvalidBatch, "names",
                                    "must hold 1 to " + std::to_string(kMaxBatchSize) + " names"));
  }
  auto asked = Check(request, EncodeView::kFull);
  if (!asked) return FinishFailed(call, std::move(asked));
  Question question;
  for (int i = 0; i < request.names_size(); ++i) {
    auto endpoint = FindAccount(call, request.names(i), "names[" + std::to_string(i) + "]");
    if (!endpoint) return FinishFailed(call, std::move(endpoint));
    question.accounts.push_back(*endpoint);
  }
  question.filter = asked->filter;
  question.checked = asked->checked;
  reads_.Answer(call, std::move(question),
                [this, call, asked = *std::move(asked)](const std::vector<Target>& targets,
                                                        const std::vector<AccountAnswer>& answers) {
                  return BatchAnswer(call, asked, targets, answers);
                });
}

RpcResult<Response> BalanceRpc::BatchAnswer(const CallContext& call, const Asked& asked,
                                            const std::vector<Target>& targets,
                                            const std::vector<AccountAnswer>& answers) {
  SnapshotsResponse snapshots(call.served()->max_answer_size, targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    // A filter that fits other accounts only is no failure of this one.
    if (IsAnyWanted(targets[i].read.wanted)) {
      auto suffices = CheckRequired(targets[i].endpoint->publisher->account(), answers[i],
                                    asked.checked, targets[i].required);
      if (!suffices) return RpcFailure(std::move(suffices.error()));
    }
    if (!snapshots.Add(EncodeAnswer(targets[i], answers[i], asked.detail, targets.size() > 1))) {
      return TooLarge(call, asked.detail);
    }
  }
  if (auto response = snapshots.Make(v1::BatchGetAccountSnapshotsResponse())) {
    return *std::move(response);
  }
  return TooLarge(call, asked.detail);
}

void BalanceRpc::ListAccountSnapshots(const CallContext& call,
                                      const v1::ListAccountSnapshotsRequest& request) {
  auto asked = Check(request, EncodeView::kBasic);
  if (!asked) return FinishFailed(call, std::move(asked));
  const auto page_size = PageSizeOf(request.page_size());
  if (!page_size) return FinishFailed(call, page_size);
  const auto last = ReadPageToken(request);
  if (!last) return FinishFailed(call, last);
  Question question;
  question.is_page = true;
  question.filter = std::move(asked->filter);
  // `require` does not apply here, but has to make sense.
  question.checked.bounds = asked->checked.bounds;
  ReadBounds& bounds = question.checked.bounds;
  if (!request.policy().has_only_if_cached()) bounds.only_if_cached = !bounds.IsExplicit();
  v1::ListAccountSnapshotsResponse rest;
  rest.set_total_size(static_cast<std::int32_t>(call.CountAll().accounts));
  // One more tells whether there is another page.
  question.accounts = call.Accounts(last->account, *page_size + 1);
  if (question.accounts.size() > *page_size) {
    question.accounts.pop_back();
    rest.set_next_page_token(
        MakePageToken(request, {question.accounts.back()->publisher->account(), {}}));
  }
  reads_.Answer(call, std::move(question),
                [this, call, detail = asked->detail, rest = std::move(rest)](
                    const std::vector<Target>& targets, const std::vector<AccountAnswer>& answers) {
                  return ListAnswer(call, detail, rest, targets, answers);
                });
}

RpcResult<Response> BalanceRpc::ListAnswer(const CallContext& call, EncodeView detail,
                                           v1::ListAccountSnapshotsResponse rest,
                                           const std::vector<Target>& targets,
                                           const std::vector<AccountAnswer>& answers) {
  SnapshotsResponse snapshots(call.served()->max_answer_size, targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!snapshots.Add(EncodeAnswer(targets[i], answers[i], detail, true))) {
      return TooLarge(call, detail);
    }
    for (const SourceView& view : answers[i].sources) {
      if (view.state == SourceState::kNoData) rest.add_unreachable(SourceName(*view.info));
    }
  }
  if (auto response = snapshots.Make(rest)) return *std::move(response);
  return TooLarge(call, detail);
}

void BalanceRpc::ListSources(const CallContext& call, const v1::ListSourcesRequest& request) {
  const auto page_size = PageSizeOf(request.page_size());
  if (!page_size) return FinishFailed(call, page_size);
  const auto after = ReadPageToken(request);
  if (!after) return FinishFailed(call, after);
  auto found = FindSourcePage(call, request.parent(), *after, *page_size);
  if (!found) return FinishFailed(call, std::move(found));
  v1::ListSourcesResponse rest;
  rest.set_total_size(static_cast<std::int32_t>(found->total_size));
  if (found->end) rest.set_next_page_token(MakePageToken(request, *found->end));
  const std::size_t accounts = found->parts.size();
  reads_.AnswerAbout(
      call, accounts,
      [this, call, page = *std::move(found), rest = std::move(rest)]() -> RpcResult<Response> {
        v1::ListSourcesResponse response = rest;
        EncodeSourcePage(page, clock_.Time(), response);
        if (response.ByteSizeLong() > call.served()->max_answer_size) {
          return TooLarge(call, EncodeView::kBasic);
        }
        return Response(BytesOf(response));
      });
}

}  // namespace balance
