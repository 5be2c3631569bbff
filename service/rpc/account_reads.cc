#include "service/rpc/account_reads.h"

#include <limits>
#include <optional>
#include <utility>

#include "service/rpc/joint_answer.h"

namespace balance {
namespace {

constexpr auto kAllAccounts = std::numeric_limits<std::size_t>::max();

}  // namespace

AccountReads::Selection AccountReads::Select(const CallContext& call, const Question& question) {
  const SourceNames& names = question.filter.sources;
  const CallTime time = call.time();
  Selection selection;
  selection.found = names.NoneFound();
  selection.targets.reserve(question.accounts.size());
  for (const AccountEndpoint* endpoint : question.accounts) {
    Target& target = selection.targets.emplace_back();
    target.endpoint = endpoint;
    target.view = endpoint->publisher->Get();
    target.read.bounds = question.checked.bounds;
    target.read.answer_by = time.answer_by;
    target.read.trace = call.trace();
    target.read.deadline = time.deadline;
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

RpcResult<void> AccountReads::Check(const CallContext& call, const Question& question,
                                    Selection& selection) {
  const SourceNames& names = question.filter.sources;
  if (selection.needs_search) {
    for (const AccountEndpoint* endpoint : call.Accounts("", kAllAccounts)) {
      NoteNames(*endpoint, names, selection.found);
      if (!names.MissesId(selection.found)) break;
    }
  }
  if (auto all_found = names.CheckAllFound(selection.found); !all_found) return all_found;
  for (Target& target : selection.targets) {
    auto required = SelectRequired(target.view->statuses, target.read.wanted, question.checked);
    if (!required) return RpcFailure(std::move(required.error()));
    target.required = *std::move(required);
  }
  return {};
}

void AccountReads::NoteNames(const AccountEndpoint& endpoint, const SourceNames& names,
                             SourceNames::Found& found) {
  const auto view = endpoint.publisher->Get();
  for (const SourceStatus& source : view->statuses) names.Match(*source.info, found);
}

void AccountReads::Answer(const CallContext& call, Question question, Respond respond) {
  std::size_t accounts = question.accounts.size();
  if (accounts <= kAccountsEncodedAtOnce) {
    Selection selection = Select(call, question);
    const std::size_t searched = selection.needs_search ? call.CountAll().accounts : 0;
    if (searched <= kAccountsEncodedAtOnce) {
      auto checked = Check(call, question, selection);
      if (!checked) return call.Finish(RpcFailure(std::move(checked.error())));
      return AnswerTargets(call, std::move(selection.targets), std::move(respond), nullptr);
    }
    accounts += 1 + searched / kAccountsSearchedForOne;
  }
  EncodeLater(call, accounts,
              [this, call, question = std::move(question),
               respond = std::move(respond)](WaitingCall& waiting) {
                Selection selection = Select(call, question);
                auto checked = Check(call, question, selection);
                if (!checked) return call.Finish(RpcFailure(std::move(checked.error())));
                AnswerTargets(call, std::move(selection.targets), respond, &waiting);
              });
}

void AccountReads::Answer(const CallContext& call, std::vector<Target> targets, Respond respond) {
  AnswerTargets(call, std::move(targets), std::move(respond), nullptr);
}

void AccountReads::AnswerAbout(const CallContext& call, std::size_t accounts,
                               std::function<RpcResult<Response>()> make) {
  if (accounts <= kAccountsEncodedAtOnce) return call.Finish(make());
  EncodeLater(call, accounts,
              [call, make = std::move(make)](WaitingCall&) { call.Finish(make()); });
}

void AccountReads::EncodeLater(const CallContext& call, std::size_t accounts,
                               std::function<void(WaitingCall&)> work) {
  auto kept = std::make_unique<WaitingCall>();
  WaitingCall& waiting = *kept;
  // Hears of a caller who leaves while the call waits for its turn.
  call.call().Keep(std::move(kept));
  const bool is_taken = encoder_.TryPost(accounts, [this, call, &waiting, work = std::move(work)] {
    if (!EndIfGone(call, waiting)) work(waiting);
  });
  if (!is_taken) call.Finish(Overloaded("too many answers about many accounts are under way"));
}

std::vector<AccountAnswer> AccountReads::Published(const std::vector<Target>& targets) const {
  const Now now = clock_.Time();
  std::vector<AccountAnswer> answers;
  answers.reserve(targets.size());
  for (const Target& target : targets) {
    // A state that has aged is for the shard to publish, with a revision of its own.
    if (now.steady > target.view->next_state_change) break;
    auto answer = AnswerFromCache(target.view->statuses, target.read, now);
    if (!answer) break;
    if (!target.read.bounds.only_if_cached) {
      target.endpoint->handle->NoteAsked(target.read.wanted, now.steady);
    }
    answer->revision = target.view->revision.number;
    answers.push_back(*std::move(answer));
  }
  return answers;
}

void AccountReads::AnswerTargets(const CallContext& call, std::vector<Target> targets,
                                 Respond respond, WaitingCall* waiting) {
  const std::vector<AccountAnswer> answers = Published(targets);
  if (answers.size() == targets.size()) return call.Finish(respond(targets, answers));
  const bool are_many = targets.size() > kAccountsEncodedAtOnce;
  const std::size_t limit = awaited_accounts_.limit() / (are_many ? 2 : 1);
  if (!awaited_accounts_.TryTake(targets.size(), limit)) {
    return call.Finish(Overloaded("too many accounts are waited for"));
  }
  if (!waiting) {
    auto work = std::make_unique<WaitingCall>();
    waiting = work.get();
    call.call().Keep(std::move(work));
  }
  StartReads(std::make_shared<const Waiting>(
      Waiting{call, std::move(targets), std::move(respond), *waiting}));
}

void AccountReads::StartReads(const std::shared_ptr<const Waiting>& waiting) {
  std::vector<WaitingCall::Read> reads;
  reads.reserve(waiting->targets.size());
  for (const Target& target : waiting->targets) {
    reads.push_back({target.endpoint->handle.get(), target.read});
  }
  waiting->work.Start(std::move(reads),
                      [this, waiting](std::optional<std::vector<AccountAnswer>> answers) {
                        // What the call keeps, this function too, goes as soon as it is finished.
                        const std::shared_ptr<const Waiting> kept = waiting;
                        awaited_accounts_.Give(kept->targets.size());
                        if (EndIfGone(kept->call, kept->work) || !answers) return;
                        OnRead(kept, *std::move(answers));
                      });
}

void AccountReads::OnRead(const std::shared_ptr<const Waiting>& waiting,
                          std::vector<AccountAnswer> answers) {
  const std::size_t accounts = waiting->targets.size();
  if (accounts <= kAccountsEncodedAtOnce) {
    return AtOneInstant(waiting->targets, std::move(answers),
                        [this, waiting](const std::vector<AccountAnswer>& judged) {
                          FinishRead(*waiting, judged);
                        });
  }
  const auto finish_later = [this, waiting, accounts](std::vector<AccountAnswer> judged) {
    encoder_.Dispatch(
        accounts, [this, waiting, judged = std::move(judged)] { FinishRead(*waiting, judged); });
  };
  encoder_.Dispatch(accounts,
                    [this, waiting, finish_later, answers = std::move(answers)]() mutable {
                      AtOneInstant(waiting->targets, std::move(answers), finish_later);
                    });
}

// The targets belong to what was served when the call began, which the call keeps.
void AccountReads::FinishRead(const Waiting& waiting,
                              const std::vector<AccountAnswer>& answers) const {
  if (EndIfGone(waiting.call, waiting.work)) return;
  waiting.call.Finish(waiting.respond(waiting.targets, answers));
}

bool AccountReads::EndIfGone(const CallContext& call, const WaitingCall& waiting) const {
  if (clock_.SteadyNow() >= call.time().deadline) {
    call.Finish(NobodyWaits(StatusCode::kDeadlineExceeded, "the deadline came before the answer"));
    return true;
  }
  if (!waiting.caller_has_left()) return false;
  call.Finish(NobodyWaits(StatusCode::kCancelled, "the caller has left"));
  return true;
}

void AccountReads::AtOneInstant(const std::vector<Target>& targets,
                                std::vector<AccountAnswer> answers,
                                std::function<void(std::vector<AccountAnswer>)> done) const {
  // A single one is of the instant at which it was given.
  if (targets.size() == 1) return done(std::move(answers));
  std::vector<AskedAccount> accounts;
  accounts.reserve(targets.size());
  for (const Target& target : targets) accounts.push_back({target.endpoint, &target.read});
  JudgeTogether(clock_, std::move(accounts), std::move(answers), std::move(done));
}

}  // namespace balance
