// The cache of one source against a sequential model of what it should know and show.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <boost/asio/io_context.hpp>
#include <deque>
#include <optional>
#include <string>

#include "service/feed/account_feed.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_source.h"
#include "tests/support/null_observer.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr CacheSettings kModelCache{seconds(2), seconds(5), seconds(60), milliseconds(500)};

class SilentSink final : public AccountSink {
 public:
  std::int64_t OnAccountChange(const std::vector<SourceStatus>&) override { return ++revision_; }

 private:
  std::int64_t revision_ = 0;
};

// What is known after a sequence of answers, whoever asked for them.
struct Model {
  std::optional<std::string> cash;
  SteadyTime observed;
  bool failed = false;
};

// Runs one random history and checks every answer in it.
class History {
 public:
  History() {
    std::vector<AccountFeed::SourceSpec> specs;
    auto info = std::make_shared<SourceInfo>();
    info->cache = kModelCache;
    AccountFeed::SourceSpec& spec = specs.emplace_back();
    spec.options.info = std::move(info);
    spec.options.refresh_budget = seconds(5);
    spec.source = upstream_.MakeSource();
    account_ = std::make_unique<AccountFeed>(loop_.get_executor(), clock_, schedule_, observer_,
                                             sink_, std::move(specs));
  }

  ~History() {
    account_->Stop();
    Run();
  }

  // `step` decides what happens.
  void Step(int step) {
    const int size = step / 8;
    switch (step % 8) {
      case 0:
      case 1:
        Read({}, milliseconds(size % 4000));
        break;
      case 2:
        Read({.max_age = milliseconds(size % 10'000)}, milliseconds(size % 4000));
        break;
      case 3:
        Read({.max_stale = seconds(size % 70), .only_if_cached = size % 2 == 0}, seconds(1));
        break;
      case 4:
        Read({.not_before = clock_.WallNow() - milliseconds(size % 3000)}, seconds(1));
        break;
      case 5:
        clock_.Advance(milliseconds(size % 15 == 0 ? size * 10 : size % 900));
        break;
      default:
        Answer(size);
    }
    Run();
    Require(upstream_.open() <= 1U, "one request at a time");
  }

  // What was not as the model says.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  void Require(bool holds, const char* what) {
    if (!holds) problems_.emplace_back(what);
  }

  void Run() {
    loop_.restart();
    loop_.poll();
  }

  void Answer(int size) {
    if (!upstream_.IsWaiting()) return;
    if (size % 3 == 0) {
      upstream_.FailWith(ErrorKind::kUnreachable);
      model_.failed = true;
    } else {
      model_.observed = upstream_.oldest_sent();
      model_.cash = std::to_string(size);
      model_.failed = false;
      upstream_.AnswerWith(*model_.cash);
    }
  }

  void Read(ReadBounds bounds, Duration patience) {
    AccountRead read{bounds, {true}, clock_.SteadyNow() + patience};
    const Now asked{clock_.WallNow(), clock_.SteadyNow()};
    account_->Read(std::move(read), [this, bounds, asked](AccountAnswer answer) {
      Check(answer.sources[0], bounds, asked);
      Require(answer.revision >= last_revision_, "revisions do not go back");
      last_revision_ = answer.revision;
    });
  }

  void Check(const SourceView& view, const ReadBounds& bounds, Now asked) {
    if (!view.reading) {
      Require(view.state == SourceState::kNoData, "without a reading there is no data");
      return;
    }
    // The newest that there is, and nothing else.
    Require(model_.cash.has_value(), "nothing is shown that was never read");
    Require(view.reading->balances.front().cash->value.ToString() == *model_.cash,
            "the newest figure");
    Require(view.reading->observe_steady == model_.observed, "with its own observe time");
    const Duration age = clock_.SteadyNow() - model_.observed;
    if (view.state == SourceState::kFresh)
      Require(age <= kModelCache.ttl, "FRESH is within the TTL");
    if (view.outcome == Outcome::kStaleOnError)
      Require(model_.failed, "STALE_ON_ERROR after a failure");
    if (bounds.not_before)
      Require(view.reading->observe_time >= *bounds.not_before, "not_before holds");
    if (view.meets_bounds) {
      Require(asked.steady - model_.observed <= bounds.max_age.value_or(kModelCache.ttl),
              "bounds hold");
    } else {
      Require(age <= kModelCache.ttl + std::min(kModelCache.max_stale,
                                                bounds.max_stale.value_or(kModelCache.max_stale)),
              "not past the stale window");
    }
  }

  boost::asio::io_context loop_;
  FakeClock clock_;
  LoopHeartbeat heartbeat_{loop_.get_executor(), clock_};
  AnswerSchedule schedule_{loop_.get_executor(), clock_, heartbeat_};
  FakeUpstream upstream_{clock_};
  NullObserver observer_;
  SilentSink sink_;
  Model model_;
  std::int64_t last_revision_ = 0;
  std::vector<std::string> problems_;
  std::unique_ptr<AccountFeed> account_;
};

TEST(FeedModelPropertyTest, EveryAnswerIsWhatASequentialModelWouldShow) {
  EXPECT_TRUE(rc::check([] {
    const auto steps =
        *rc::gen::resize(1000, rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 80'000)));
    History history;
    for (const int step : steps) {
      history.Step(step);
      RC_ASSERT(history.problems() == std::vector<std::string>());
    }
  }));
}

}  // namespace
}  // namespace balance
