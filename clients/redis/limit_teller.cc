#include "clients/redis/limit_teller.h"

#include <utility>

#include "clients/redis/login_failure.h"
#include "clients/redis/unawaited.h"

namespace balance {
namespace {

// How long a pace is heeded by all after it was told last.
constexpr Duration kSlowFor = std::chrono::seconds(30);

}  // namespace

LimitTeller::LimitTeller(LoopExecutor executor, std::shared_ptr<FleetStore> store,
                         const LoginNames& names, Duration interval, Clock& clock)
    : executor_(std::move(executor)),
      store_(std::move(store)),
      names_(names),
      interval_(interval),
      clock_(clock) {}

void LimitTeller::Tell(const Result<Reading>& result, const FetchProgress& progress,
                       const SendOutlook& below) {
  const SteadyTime now = clock_.SteadyNow();
  RateNews news{names_};
  if (!result) AddPause(result.error(), below, news);
  const Duration exhausted = progress.rate_limits.exhausted_for.value_or(Duration::zero());
  if (exhausted > below.interval) {
    news.interval = exhausted + (now - *progress.sent_at);
    news.lasting = exhausted;
  } else if (below.interval > interval_ &&
             (below.interval > told_interval_ || now >= tell_interval_again_at_)) {
    news.interval = told_interval_ = below.interval;
    news.lasting = kSlowFor;
    tell_interval_again_at_ = now + kSlowFor / 2;
  }
  if (news.pause || news.hold_off || news.interval) Send(std::move(news));
}

bool LimitTeller::Forgive(const HeldOff& held, const SendOutlook& below) {
  const SteadyTime now = clock_.SteadyNow();
  if (!held.is_rejected || rejected_until_ <= now || below.IsForbidden(now)) return false;
  rejected_until_ = SteadyTime::min();
  RateNews news{names_};
  news.is_accepted = true;
  Send(std::move(news));
  return true;
}

void LimitTeller::AddPause(const Error& error, const SendOutlook& below, RateNews& news) {
  const SteadyTime now = clock_.SteadyNow();
  if (!IsOfTheLogin(error) || !below.IsForbidden(now) || below.because->kind != error.kind) return;
  if (IsRejection(error.kind)) {
    news.hold_off = below.earliest - now;
    rejected_until_ = below.earliest;
  } else if (error.kind == ErrorKind::kRateLimited || error.retry_after) {
    news.pause = below.earliest - now;
  }
  news.because = error;
  news.because.log_detail.clear();
}

void LimitTeller::Send(RateNews news) const {
  RunUnawaited(executor_, store_, store_->Rate(std::move(news)));
}

}  // namespace balance
