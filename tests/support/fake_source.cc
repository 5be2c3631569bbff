#include "tests/support/fake_source.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace balance {

namespace asio = boost::asio;

class FakeSource final : public BalanceSource {
 public:
  explicit FakeSource(FakeUpstream& upstream) : upstream_(upstream) {}

  SendOutlook Outlook() const override { return upstream_.Outlook(); }

  void Listen(OnReading on_reading) override { upstream_.on_reading_ = std::move(on_reading); }

  asio::awaitable<Result<Reading>> Fetch(FetchContext context) override {
    Clock& clock = upstream_.clock_;
    if (const auto because = upstream_.outlook_.because) {
      Error refusal = *because;
      refusal.retry_after = upstream_.outlook_.earliest - clock.SteadyNow();
      co_return tl::unexpected(std::move(refusal));
    }
    if (upstream_.outlook_.earliest > clock.SteadyNow()) {
      co_await clock.SleepUntil(upstream_.outlook_.earliest);
    }
    asio::steady_timer wake(co_await asio::this_coro::executor,
                            asio::steady_timer::time_point::max());
    FakeUpstream::Pending pending;
    pending.wake = &wake;
    pending.sent_wall = upstream_.clock_.WallNow();
    pending.sent_steady = upstream_.clock_.SteadyNow();
    pending.progress = context.progress;
    if (upstream_.granted_wall_) context.progress->granted_wall = upstream_.granted_wall_;
    context.progress->NoteSent({pending.sent_wall, pending.sent_steady});
    upstream_.pending_.push_back(&pending);
    ++upstream_.requests_;
    boost::system::error_code ignored;
    try {
      co_await wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    } catch (const boost::system::system_error&) {
      // It did not even begin to wait, for it was cancelled before.
      std::erase(upstream_.pending_, &pending);
      throw;
    }
    std::erase(upstream_.pending_, &pending);
    if (!pending.result) throw boost::system::system_error(asio::error::operation_aborted);
    co_return std::move(*pending.result);
  }

 private:
  FakeUpstream& upstream_;
};

std::unique_ptr<BalanceSource> FakeUpstream::MakeSource() {
  return std::make_unique<FakeSource>(*this);
}

SendOutlook FakeUpstream::Outlook() {
  SendOutlook outlook = outlook_;
  if (outlooks_left_ > 0 && --outlooks_left_ == 0) Admit();
  return outlook;
}

void FakeUpstream::AnswerWith(const std::string& cash) {
  const Pending& oldest = *pending_.front();
  Reading reading = MakeReading(cash, oldest.sent_wall, oldest.sent_steady);
  reading.receive_time = clock_.WallNow();
  Answer(std::move(reading));
}

void FakeUpstream::AnswerWith(Reading reading) { Answer(std::move(reading)); }

void FakeUpstream::MarkShared() {
  pending_.front()->progress->shared_sent_at = pending_.front()->sent_steady;
}

void FakeUpstream::RefuseFor(Duration time, ErrorKind because) {
  outlook_.earliest = clock_.SteadyNow() + time;
  outlook_.because = std::make_shared<const Error>(Error{because, "as the test wishes"});
}

void FakeUpstream::DelayFor(Duration time) {
  outlook_.earliest = clock_.SteadyNow() + time;
  outlook_.because = nullptr;
}

void FakeUpstream::FailWith(Error error) { Answer(tl::unexpected(std::move(error))); }

void FakeUpstream::FailWith(ErrorKind kind) { Answer(Fail(kind, "as the test wishes")); }

void FakeUpstream::Answer(Result<Reading> result) {
  Pending* oldest = pending_.front();
  pending_.pop_front();
  oldest->result = std::move(result);
  oldest->wake->cancel();
}

Reading MakeReading(const std::string& cash, WallTime observe_time, SteadyTime observe_steady) {
  Reading reading;
  CurrencyBalance row;
  row.currency_code = "USD";
  row.cash = Amount{*Decimal::Parse(cash), AmountOrigin::kReported, "cash"};
  row.available_to_trade = row.cash;
  reading.balances.push_back(std::move(row));
  reading.observe_time = observe_time;
  reading.observe_steady = observe_steady;
  reading.receive_time = observe_time;
  return reading;
}

}  // namespace balance
