// Any schedule of changes, pauses, reloads and time, folded as a client does it: the stream never
// goes back, accounts for every change, and ends in the newest state.

#include <rapidcheck.h>

#include <map>
#include <utility>

#include "tests/unit/rpc/watch_fixture.h"

namespace balance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What a client knows of one account.
struct Known {
  std::string epoch;
  std::int64_t number = 0;
  std::string cash;
  WallTime observed;
};

WallTime TimeOf(const google::protobuf::Timestamp& time) {
  return WallTime(seconds(time.seconds()) + std::chrono::nanoseconds(time.nanos()));
}

class Schedule : public WatchFixture {
 public:
  void TestBody() override {}

  void Begin(Duration min_interval) {
    for (const char* id : kIds) AddAccount(id);
    Serve();
    v1::WatchAccountSnapshotsRequest request;
    request.mutable_min_interval()->set_nanos(
        static_cast<std::int32_t>(std::chrono::nanoseconds(min_interval).count()));
    min_interval_ = min_interval;
    call_ = &Watch(request);
    last_message_ = clock_.SteadyNow();
    Take();
  }

  // `step` decides what happens.
  void Step(int step) {
    const std::string id = kIds[static_cast<std::size_t>(step / 16 % 3)];
    switch (step % 16) {
      case 0:
      case 1:
      case 2:
      case 3:
        if (accounts_.contains(id)) Read(id, std::to_string(++cash_) + ".00");
        break;
      case 4:
        if (accounts_.contains(id)) ReadSame(id);
        break;
      case 5:
        if (accounts_.contains(id)) Fail(id, ErrorKind::kUnreachable);
        break;
      case 6:
        if (accounts_.contains(id)) Age(id);
        break;
      case 7:
        call_->Pause();
        if (!std::exchange(is_paused_, true)) paused_for_ = Duration::zero();
        break;
      case 8:
        GoOn();
        break;
      case 9:
        Pass(milliseconds(10));
        break;
      case 10:
        Pass(milliseconds(700));
        break;
      case 11:
        Pass(seconds(3));
        break;
      case 12:
        if (accounts_.contains(id)) {
          RemoveAccount(id);
        } else {
          AddAccount(id, {"real"}, std::to_string(++epoch_));
        }
        Serve();
        break;
      case 13:
        AddAccount(id, {"real"}, std::to_string(++epoch_));
        Serve();
        break;
      default:
        Run();
        break;
    }
    Take();
  }

  // Once the reader takes everything, it knows what is published.
  void End() {
    GoOn();
    Pass(min_interval_ + milliseconds(1));
    Pass(milliseconds(1));
    Take();
    RC_ASSERT(!call_->has_ended());
    RC_ASSERT(known_.size() == accounts_.size());
    for (const auto& [id, account] : accounts_) {
      const auto view = account.publisher->Get();
      const Known& known = known_.at("accounts/" + id);
      RC_ASSERT(known.epoch == view->revision.epoch);
      RC_ASSERT(known.number == view->revision.number);
    }
  }

 private:
  static constexpr const char* kIds[] = {"desk-1", "desk-2", "desk-3"};

  void ReadSame(const std::string& id) {
    const auto& reading = accounts_.at(id).statuses.front().reading;
    Read(id, reading ? reading->balances.front().cash->value.ToString() : "0.00");
  }

  void GoOn() {
    call_->GoOn();
    is_paused_ = false;
    Run();
  }

  void Pass(Duration time) {
    // A reader that stops for longer is ended, which is another test's matter.
    if (is_paused_ && (paused_for_ += time) > seconds(15)) GoOn();
    const SteadyTime end = clock_.SteadyNow() + time;
    while (clock_.SteadyNow() < end) {
      Advance(std::min<Duration>(milliseconds(250), end - clock_.SteadyNow()));
      Take();
      // Never silent for longer than its heartbeat's interval and a tenth.
      if (!is_paused_) RC_ASSERT(clock_.SteadyNow() - last_message_ <= milliseconds(5751));
    }
  }

  void Take() {
    Run();
    for (const Message& message : call_->TakeMessages()) {
      last_message_ = clock_.SteadyNow();
      if (message.has_snapshot()) Fold(message);
      if (message.has_heartbeat()) Fold(message.heartbeat());
      if (!message.removed().empty()) RC_ASSERT(known_.erase(message.removed()) == 1);
      RC_ASSERT(!message.has_goodbye());
    }
  }

  void Fold(const Message& message) {
    const v1::AccountSnapshot& snapshot = message.snapshot();
    const auto found = known_.find(snapshot.name());
    const v1::Revision& revision = snapshot.revision();
    if (found == known_.end()) {
      RC_ASSERT(message.skipped() == 0);
    } else if (found->second.epoch == revision.epoch()) {
      // Every change is either told or counted.
      RC_ASSERT(revision.number() == found->second.number + 1 + message.skipped());
    } else {
      RC_ASSERT(std::stoi(revision.epoch()) > std::stoi(found->second.epoch));
      RC_ASSERT(message.skipped() >= revision.number() - 1);
    }
    Known& known = known_[snapshot.name()];
    known.epoch = revision.epoch();
    known.number = revision.number();
    const v1::SourceBalance& source = snapshot.sources(0);
    known.cash =
        source.has_balance_set() ? source.balance_set().balances(0).cash().value() : std::string();
    if (source.has_freshness()) known.observed = TimeOf(source.freshness().observe_time());
  }

  // What a heartbeat proves is the state that was told: the reading that it tells of says the same.
  void Fold(const Message::Heartbeat& heartbeat) {
    for (const auto& progress : heartbeat.sources()) {
      const std::string account = progress.name().substr(0, progress.name().find("/sources/"));
      RC_ASSERT(known_.contains(account));
      Known& known = known_.at(account);
      const WallTime observed = TimeOf(progress.observe_time());
      RC_ASSERT(observed > known.observed);
      known.observed = observed;
      const auto& reading =
          accounts_.at(account.substr(account.find('/') + 1)).statuses.front().reading;
      RC_ASSERT(reading->balances.front().cash->value.ToString() == known.cash);
    }
  }

  WatchCall* call_ = nullptr;
  Duration min_interval_{0};
  std::map<std::string, Known> known_;
  int cash_ = 0;
  int epoch_ = 1;
  bool is_paused_ = false;
  Duration paused_for_{0};
  SteadyTime last_message_;
};

TEST(WatchPropertyTest, M160_FoldingAStreamGivesTheNewestPublishedState) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint16_t>& steps, bool has_min_interval) {
    Schedule schedule;
    schedule.Begin(has_min_interval ? milliseconds(900) : milliseconds(0));
    for (const std::uint16_t step : steps) schedule.Step(step);
    schedule.End();
  }));
}

}  // namespace
}  // namespace balance
