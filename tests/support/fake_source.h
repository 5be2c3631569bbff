#pragma once

// An upstream login that a test answers by hand.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "clients/core/balance_source.h"
#include "clients/core/clock.h"

namespace balance {

// What the test holds while the feed owns the FakeSource. Used on one thread.
class FakeUpstream {
 public:
  explicit FakeUpstream(Clock& clock) : clock_(clock) {}

  // Makes the source that a feed may own. The upstream must outlive it.
  std::unique_ptr<BalanceSource> MakeSource();

  // Requests that arrived so far, and those without an answer yet.
  int requests() const { return requests_; }
  bool IsWaiting() const { return !pending_.empty(); }
  std::size_t open() const { return pending_.size(); }
  // When the oldest open request was sent. REQUIRES: IsWaiting().
  SteadyTime oldest_sent() const { return pending_.front()->sent_steady; }

  // Answers the oldest open request with a reading of `cash` dollars, observed when it was sent.
  void AnswerWith(const std::string& cash);
  void AnswerWith(Reading reading);
  // What the oldest open request ends with is what another replica was told.
  void MarkShared();
  void FailWith(ErrorKind kind);
  void FailWith(Error error);

  // What comes to whoever listens without having asked; see BalanceSource::Listen().
  void Tell(std::optional<Reading> reading) { on_reading_(std::move(reading)); }

  // What FetchProgress::granted_wall is when a request is sent.
  void GrantAt(std::optional<WallTime> when) { granted_wall_ = when; }

  // From now on requests are refused unsent, as an open breaker does, until Admit().
  void RefuseFor(Duration time, ErrorKind because);
  // A request has to wait its turn for so long.
  void DelayFor(Duration time);
  // Whether there is room for requests that nobody asks for.
  void SetSpare(bool has_spare) { outlook_.has_spare = has_spare; }
  void Admit() { outlook_ = {}; }
  // Admits once it was asked so often for its outlook.
  void AdmitAfterOutlooks(int outlooks) { outlooks_left_ = outlooks; }
  void SetOutlook(SendOutlook outlook) { outlook_ = std::move(outlook); }

 private:
  friend class FakeSource;

  struct Pending {
    boost::asio::steady_timer* wake = nullptr;
    std::optional<Result<Reading>> result;
    WallTime sent_wall;
    SteadyTime sent_steady;
    FetchProgress* progress = nullptr;
  };

  void Answer(Result<Reading> result);

  Clock& clock_;
  BalanceSource::OnReading on_reading_;
  SendOutlook Outlook();

  std::optional<WallTime> granted_wall_;
  SendOutlook outlook_;
  // Number of outlooks until Admit(); 0: it is not planned.
  int outlooks_left_ = 0;
  int requests_ = 0;
  std::deque<Pending*> pending_;
};

// A reading of one USD row with `cash` as cash and available_to_trade.
Reading MakeReading(const std::string& cash, WallTime observe_time, SteadyTime observe_steady);

}  // namespace balance
