#include "service/feed/account_answer.h"

#include <memory>
#include <string>
#include <utility>

namespace balance {
namespace {

// A failure of one caller's wait, not of the source.
std::shared_ptr<const SourceFailure> FailureOfWait(ErrorKind kind, std::string message) {
  auto failure = std::make_shared<SourceFailure>();
  failure->error.kind = kind;
  failure->error.message = std::move(message);
  return failure;
}

// Shared by all who are told so: their answers are the same then, and are encoded once.
const std::shared_ptr<const SourceFailure>& RefusedInTime() {
  static const auto failure = FailureOfWait(
      ErrorKind::kFreshnessUnsatisfied,
      "the source may not be read again before the caller's deadline; allow a greater age or more "
      "time");
  return failure;
}

const std::shared_ptr<const SourceFailure>& NotAnsweredInTime() {
  static const auto failure =
      FailureOfWait(ErrorKind::kUnreachable,
                    "the source has not answered within the caller's deadline; the refresh goes "
                    "on");
  return failure;
}

// Shows one source, and why its wait came to nothing.
SourceView ShowWaited(const SourceStatus& status, const ReadBounds& bounds, const SourceWait& wait,
                      Now asked, Now now) {
  SourceView view = Show(status, bounds, wait.how, asked, now);
  if (view.meets_bounds) return view;
  const Duration interval = status.info->cache.min_refresh_interval;
  if (wait.how == Waited::kRefused) {
    if (view.failure && !view.retry_after) return view;
    view.retry_after =
        wait.next_send > now.steady ? ToMillisecond(wait.next_send - now.steady) : interval;
    if (!view.failure) view.failure = RefusedInTime();
  } else if (wait.how == Waited::kGaveUp && !view.failure && !view.reading) {
    view.retry_after = interval;
    view.failure = NotAnsweredInTime();
  }
  return view;
}

}  // namespace

AccountAnswer ShowAccount(const std::vector<SourceStatus>& sources, const AccountRead& read,
                          std::vector<SourceWait> waited, Now asked, Now now) {
  AccountAnswer answer;
  answer.at = now;
  answer.asked = asked;
  answer.sources.reserve(sources.size());
  for (std::size_t i = 0; i < sources.size(); ++i) {
    answer.sources.push_back(read.wanted[i]
                                 ? ShowWaited(sources[i], read.bounds, waited[i], asked, now)
                                 : ShowNotRequested(sources[i]));
  }
  answer.waited = std::move(waited);
  return answer;
}

std::optional<AccountAnswer> AnswerFromCache(const std::vector<SourceStatus>& sources,
                                             const AccountRead& read, Now now) {
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (read.wanted[i] && Decide(sources[i], read.bounds, now) != ReadAction::kAnswer) {
      return std::nullopt;
    }
  }
  return ShowAccount(sources, read, std::vector<SourceWait>(sources.size()), now, now);
}

}  // namespace balance
