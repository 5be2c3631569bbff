#include "clients/redis/shared_source.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/unit/redis/shared_source_fixture.h"

namespace balance {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(SharedSourceTest, WhatAnotherReplicaReadIsTaken) {
  store_->Answer(Shared("12.50"));

  Fetch(*source_);

  EXPECT_EQ(Told(), "12.50");
  EXPECT_EQ(upstream_.requests(), 0);
}

TEST_F(SharedSourceTest, ItAsksForWhatTheFetchWants) {
  store_->Answer(Shared("12.50"));
  const SteadyTime begun = clock_.SteadyNow();

  Fetch(*source_);

  ASSERT_EQ(store_->asked.size(), 1U);
  const AcquireRequest& asked = store_->asked[0];
  EXPECT_EQ(asked.login.reading, "reading");
  EXPECT_EQ(asked.owner, "owner");
  EXPECT_EQ(asked.observed_from, begun);
  EXPECT_EQ(asked.failed_from, begun);
  EXPECT_TRUE(asked.may_send);
  EXPECT_EQ(asked.min_refresh_interval, milliseconds(500));
  EXPECT_EQ(asked.lease, milliseconds(5500));
}

TEST_F(SharedSourceTest, WhatItIsGrantedItReadsAndShares) {
  store_->Answer(Grant());

  Fetch(*source_);
  ASSERT_EQ(upstream_.requests(), 1);
  upstream_.AnswerWith("7");
  Run();

  EXPECT_EQ(Told(), "7");
  ASSERT_EQ(store_->stored.size(), 1U);
  const StoreRequest& stored = store_->stored[0];
  EXPECT_EQ(std::get<Reading>(stored.result).balances.at(0).cash->value.ToString(), "7");
  EXPECT_EQ(stored.grant->token, "token");
  EXPECT_EQ(stored.owner, "owner");
  EXPECT_EQ(stored.time_to_live, minutes(2));
  EXPECT_TRUE(store_->released.empty());
}

TEST_F(SharedSourceTest, BeforeTheFleetsTurnItWaitsAndAsksAgain) {
  store_->Answer(OutOfTurn{clock_.SteadyNow() + milliseconds(300)});
  Fetch(*source_);
  EXPECT_EQ(progress_.planned_send, clock_.SteadyNow() + milliseconds(300));
  Advance(milliseconds(299));
  EXPECT_EQ(store_->asked.size(), 1U);

  store_->Answer(Grant());
  Advance(milliseconds(1));

  EXPECT_EQ(store_->asked.size(), 2U);
  EXPECT_EQ(upstream_.requests(), 1);
  EXPECT_FALSE(progress_.planned_send);
}

TEST_F(SharedSourceTest, WhoWaitsForTheTurnTakesWhatIsPublishedMeanwhile) {
  store_->Answer(OutOfTurn{clock_.SteadyNow() + seconds(3)});
  Fetch(*source_);

  store_->Publish(Shared("8"));
  Run();

  EXPECT_EQ(Told(), "8");
}

TEST_F(SharedSourceTest, ATurnThatIsTooLateIsNotWaitedFor) {
  store_->Answer(OutOfTurn{clock_.SteadyNow() + seconds(3)});

  Fetch(*source_, seconds(2));

  EXPECT_EQ(Told(), "FRESHNESS_UNSATISFIED");
  EXPECT_EQ(result_->error().retry_after, Duration(seconds(3)));
}

TEST_F(SharedSourceTest, AFailureOfTheLoginIsShared) {
  store_->Answer(Grant());

  Fetch(*source_);
  upstream_.FailWith(ErrorKind::kUpstreamError);
  Run();

  EXPECT_EQ(Told(), "SOURCE_ERROR");
  ASSERT_EQ(store_->stored.size(), 1U);
  EXPECT_EQ(std::get<Error>(store_->stored[0].result).kind, ErrorKind::kUpstreamError);
  EXPECT_TRUE(store_->rates.empty());
}

TEST_F(SharedSourceTest, AFailureOfThisReplicaAloneOnlyEndsTheLease) {
  for (const bool is_local : {true, false}) {
    store_->Answer(Grant());
    Fetch(*source_);
    Error error{ErrorKind::kUnreachable, "no sockets"};
    error.is_local = is_local;
    error.may_be_configuration = !is_local;
    upstream_.FailWith(error);
    Run();
  }

  EXPECT_TRUE(store_->stored.empty());
  EXPECT_EQ(store_->released.size(), 2U);
}

TEST_F(SharedSourceTest, ARejectionAndAPauseAreToldToAll) {
  for (const auto kind : {ErrorKind::kCredentialsRejected, ErrorKind::kRateLimited}) {
    store_->Answer(Grant());
    Fetch(*source_);
    // As the guards below do when they see the answer.
    upstream_.RefuseFor(seconds(30), kind);
    upstream_.FailWith(kind);
    Run();
    upstream_.Admit();
  }

  ASSERT_EQ(store_->rates.size(), 2U);
  EXPECT_EQ(store_->rates[0].hold_off, Duration(seconds(30)));
  EXPECT_FALSE(store_->rates[0].pause);
  EXPECT_EQ(store_->rates[0].because.kind, ErrorKind::kCredentialsRejected);
  EXPECT_EQ(store_->rates[1].pause, Duration(seconds(30)));
  EXPECT_FALSE(store_->rates[1].hold_off);
}

TEST_F(SharedSourceTest, AnOpenBreakerIsThisReplicasOwn) {
  store_->Answer(Grant());
  Fetch(*source_);
  upstream_.RefuseFor(seconds(5), ErrorKind::kUnreachable);
  upstream_.FailWith(ErrorKind::kUnreachable);
  Run();

  EXPECT_TRUE(store_->rates.empty());
}

TEST_F(SharedSourceTest, WhatIsForbiddenHereMayStillBeReadByAnother) {
  upstream_.RefuseFor(seconds(5), ErrorKind::kUnreachable);
  store_->Answer(Shared("3"));
  Fetch(*source_);
  EXPECT_EQ(Told(), "3");
  EXPECT_FALSE(store_->asked[0].may_send);

  store_->Answer(OutOfTurn{clock_.SteadyNow()});
  Fetch(*source_);
  EXPECT_EQ(Told(), "SOURCE_UNREACHABLE");
  EXPECT_EQ(upstream_.requests(), 0);
}

TEST_F(SharedSourceTest, WhileAnotherReadsItListens) {
  store_->Answer(BusyFor(seconds(5)));
  Fetch(*source_);
  EXPECT_EQ(Told(), "nothing yet");

  store_->Publish(Shared("9"));
  Run();

  EXPECT_EQ(Told(), "9");
  EXPECT_EQ(store_->asked.size(), 1U);
}

TEST_F(SharedSourceTest, WhatWasSentTooEarlyIsNotEnough) {
  store_->Answer(BusyFor(seconds(5)));
  store_->Answer(BusyFor(seconds(5)));
  Fetch(*source_);

  store_->Publish(Shared("9", milliseconds(1)));
  Run();

  EXPECT_EQ(Told(), "nothing yet");
  EXPECT_EQ(store_->asked.size(), 2U);
}

TEST_F(SharedSourceTest, WhoseReadersWantNoNewerOneGetsWhatWasHeardBefore) {
  store_->Publish(Shared("9"));
  Advance(milliseconds(200));
  progress_ = {};
  FetchContext context{clock_.SteadyNow() + seconds(10), &progress_};
  progress_.wanted = ObservedSince{clock_.SteadyNow() - seconds(1)};
  std::optional<Result<Reading>> result;
  boost::asio::co_spawn(loop_, source_->Fetch(context),
                        [&](const std::exception_ptr&, Result<Reading> fetched) {
                          result.emplace(std::move(fetched));
                        });
  Run();

  ASSERT_TRUE(result && *result);
  EXPECT_TRUE(store_->asked.empty());
}

TEST_F(SharedSourceTest, ALostMessageCosts200MillisecondsAtMost) {
  for (int i = 0; i < 10; ++i) store_->Answer(BusyFor(seconds(5)));
  Fetch(*source_);
  std::vector<Duration> pauses;
  SteadyTime before = clock_.SteadyNow();

  while (pauses.size() < 5) {
    const std::size_t asked = store_->asked.size();
    Advance(milliseconds(10));
    if (store_->asked.size() == asked) continue;
    pauses.push_back(clock_.SteadyNow() - before);
    before = clock_.SteadyNow();
  }

  EXPECT_EQ(pauses, (std::vector<Duration>{milliseconds(50), milliseconds(100), milliseconds(200),
                                           milliseconds(200), milliseconds(200)}));
}

TEST_F(SharedSourceTest, WhoJoinedAFailureHearsOfIt) {
  store_->Answer(BusyFor(seconds(5)));
  Fetch(*source_);
  Advance(milliseconds(20));

  store_->Publish(Failure(ErrorKind::kUpstreamError, milliseconds(20)));
  Run();

  EXPECT_EQ(Told(), "SOURCE_ERROR");
}

TEST_F(SharedSourceTest, AFailureOfBeforeIsNobodysAnswer) {
  store_->Publish(Failure(ErrorKind::kUpstreamError));
  Advance(milliseconds(1));
  store_->Answer(Shared("4"));

  Fetch(*source_);

  EXPECT_EQ(Told(), "4");
}

TEST_F(SharedSourceTest, M38_WhenTheHolderIsGoneTheNextOneIsGranted) {
  store_->Answer(BusyFor(milliseconds(70)));
  store_->Answer(BusyFor(milliseconds(20)));
  Fetch(*source_);
  Advance(milliseconds(50));
  store_->Answer(Grant());
  Advance(milliseconds(20));

  EXPECT_EQ(upstream_.requests(), 1);
}

TEST_F(SharedSourceTest, ABusyFleetLeavesNoTimeToThoseInAHurry) {
  store_->Answer(BusyFor(seconds(5)));

  Fetch(*source_, milliseconds(40));

  EXPECT_EQ(Told(), "FRESHNESS_UNSATISFIED");
}

TEST_F(SharedSourceTest, AnotherReplicasPauseIsHeeded) {
  store_->Answer(HeldOff{Error{ErrorKind::kRateLimited, "later"}, clock_.SteadyNow() + seconds(7)});
  Fetch(*source_);
  EXPECT_EQ(Told(), "SOURCE_RATE_LIMITED");
  EXPECT_EQ(result_->error().retry_after, Duration(seconds(7)));

  store_->Answer(HeldOff{std::nullopt, clock_.SteadyNow() + seconds(7), true});
  Fetch(*source_);
  EXPECT_EQ(Told(), "SOURCE_CREDENTIALS_REJECTED");
  EXPECT_EQ(upstream_.requests(), 0);
}

TEST_F(SharedSourceTest, AGrantThatComesTooLateIsNotUsed) {
  Granted lapsed = Grant("lapsed");
  // The loop was held up.
  lapsed.send_by = clock_.SteadyNow() - milliseconds(1);
  store_->Answer(lapsed);
  store_->Answer(Shared("5"));

  Fetch(*source_);

  EXPECT_EQ(Told(), "5");
  EXPECT_EQ(store_->released, std::vector<std::string>{"lapsed"});
  EXPECT_EQ(upstream_.requests(), 0);
}

TEST_F(SharedSourceTest, NothingIsGrantedThatThePacerBelowWouldHoldBack) {
  upstream_.DelayFor(seconds(1));
  store_->Answer(OutOfTurn{clock_.SteadyNow()});
  Fetch(*source_);
  EXPECT_FALSE(store_->asked.at(0).may_send);
  EXPECT_EQ(progress_.planned_send, clock_.SteadyNow() + seconds(1));

  Granted later = Grant();
  later.send_by += seconds(1);
  later.lease_end += seconds(1);
  store_->Answer(later);
  Advance(seconds(1));

  EXPECT_TRUE(store_->asked.at(1).may_send);
  EXPECT_EQ(upstream_.requests(), 1);
}

TEST_F(SharedSourceTest, AGrantWhoseTurnBelowIsGoneIsGivenBack) {
  upstream_.DelayFor(seconds(1));
  store_->Answer(Grant("late"));
  store_->Answer(OutOfTurn{clock_.SteadyNow()});

  Fetch(*source_);

  EXPECT_EQ(Told(), "nothing yet");
  EXPECT_EQ(store_->released, std::vector<std::string>{"late"});
  EXPECT_FALSE(store_->asked.at(1).may_send);
  EXPECT_EQ(progress_.planned_send, clock_.SteadyNow() + seconds(1));
}

TEST_F(SharedSourceTest, AGrantIsAskedForWithAConnectionInHandAndSoIsNeverInVain) {
  source_ = MakePaced();
  auto busy = slots_->TryTake();
  ASSERT_TRUE(busy);
  store_->Answer(OutOfTurn{clock_.SteadyNow()});
  Fetch(*source_);
  EXPECT_FALSE(store_->asked.at(0).may_send);
  Advance(seconds(3));
  EXPECT_EQ(Told(), "nothing yet");
  EXPECT_EQ(store_->asked.size(), 1U);

  store_->Answer(Grant());
  busy.reset();
  Run();

  ASSERT_EQ(store_->asked.size(), 2U);
  EXPECT_TRUE(store_->asked[1].may_send);
  ASSERT_EQ(upstream_.requests(), 1);
  upstream_.AnswerWith("7");
  Run();
  EXPECT_EQ(Told(), "7");
  EXPECT_TRUE(store_->released.empty());
  EXPECT_EQ(slots_->in_use(), 0U);
}

TEST_F(SharedSourceTest, WhoWaitsForAConnectionTakesWhatAnotherReplicaReads) {
  source_ = MakePaced();
  const auto busy = slots_->TryTake();
  store_->Answer(OutOfTurn{clock_.SteadyNow()});
  Fetch(*source_);

  store_->Publish(Shared("8"));
  Run();

  EXPECT_EQ(Told(), "8");
}

TEST_F(SharedSourceTest, WithoutAConnectionInTimeItSaysSo) {
  source_ = MakePaced();
  const auto busy = slots_->TryTake();
  store_->Answer(OutOfTurn{clock_.SteadyNow()});
  Fetch(*source_, seconds(1));
  Advance(seconds(1));

  EXPECT_EQ(Told(), "SOURCE_UNREACHABLE");
}

TEST_F(SharedSourceTest, WhoWaitsForTheFleetsTurnLeavesTheConnectionToOthers) {
  source_ = MakePaced();
  store_->Answer(OutOfTurn{clock_.SteadyNow() + seconds(3)});
  Fetch(*source_);
  EXPECT_EQ(slots_->in_use(), 0U);

  store_->Answer(BusyFor(seconds(5)));
  store_->Publish(Shared("8", seconds(1)));
  Run();
  EXPECT_EQ(slots_->in_use(), 0U);
}

TEST_F(SharedSourceTest, WhatComesWhileItAsksIsNotWaitedForAgain) {
  store_->Answer(BusyFor(seconds(5)));
  store_->on_acquire = [this] { store_->Publish(Shared("9")); };

  Fetch(*source_);

  EXPECT_EQ(Told(), "9");
}

TEST_F(SharedSourceTest, NothingIsSentWithoutLeaveWhenARefusalBelowEnds) {
  upstream_.RefuseFor(seconds(5), ErrorKind::kUnreachable);
  store_->on_acquire = [this] {
    // It refuses still, and no longer when it is asked to fetch.
    upstream_.AdmitAfterOutlooks(1);
  };
  store_->Answer(OutOfTurn{clock_.SteadyNow()});

  Fetch(*source_);

  EXPECT_EQ(upstream_.requests(), 0);
  EXPECT_EQ(Told(), "SOURCE_UNREACHABLE");
}

TEST_F(SharedSourceTest, WhoLeavesWithAGrantGivesItBack) {
  upstream_.DelayFor(milliseconds(50));
  store_->Answer(Grant("left"));
  boost::asio::cancellation_signal cancel;
  FetchContext context{clock_.SteadyNow() + seconds(10), &progress_};
  boost::asio::co_spawn(loop_, source_->Fetch(context),
                        boost::asio::bind_cancellation_slot(
                            cancel.slot(), [](const std::exception_ptr&, Result<Reading>) {}));
  Run();
  ASSERT_EQ(store_->asked.size(), 1U);

  cancel.emit(boost::asio::cancellation_type::terminal);
  Run();

  EXPECT_EQ(store_->released, std::vector<std::string>{"left"});
  EXPECT_EQ(upstream_.requests(), 0);
}

TEST_F(SharedSourceTest, WhatOthersReadIsToldUnaskedAndWhatItReadItselfIsNot) {
  std::vector<std::string> told;
  source_->Listen([&](std::optional<Reading> reading) {
    told.push_back(reading->balances.at(0).cash->value.ToString());
  });
  store_->Publish(Shared("8"));
  store_->Publish(Failure(ErrorKind::kUpstreamError));
  Advance(milliseconds(10));

  Granted grant = Grant();
  grant.observed += seconds(1);
  store_->Answer(grant);
  Fetch(*source_);
  upstream_.AnswerWith("9");
  Run();
  FleetReading echo = Shared("9");
  echo.observed = grant.observed;
  echo.owner = "owner";
  store_->Publish(echo);

  EXPECT_EQ(told, std::vector<std::string>{"8"});
}

// Two in a row: the message of the first comes when the second is under way.
TEST_F(SharedSourceTest, NeitherIsWhatItReadBefore) {
  int told = 0;
  source_->Listen([&](const std::optional<Reading>&) { ++told; });
  std::vector<FleetReading> echoes;
  for (const int number : {1, 2}) {
    Granted grant = Grant();
    grant.observed += seconds(number);
    store_->Answer(grant);
    Fetch(*source_);
    upstream_.AnswerWith(std::to_string(number));
    Run();
    FleetReading& echo = echoes.emplace_back(Shared(std::to_string(number)));
    echo.observed = grant.observed;
    echo.owner = "owner";
    Advance(milliseconds(1));
  }

  for (const FleetReading& echo : echoes) store_->Publish(echo);

  EXPECT_EQ(told, 0);
}

TEST_F(SharedSourceTest, AllReplicasTellTheSameTimeOfAReading) {
  Granted grant = Grant();
  grant.observed = ToRedisTime(clock_.WallNow() - milliseconds(3));
  store_->Answer(grant);
  const Now sent = clock_.Time();

  Fetch(*source_);
  EXPECT_EQ(progress_.sent_wall, ToWallTime(grant.observed));
  Advance(milliseconds(20));
  upstream_.AnswerWith("9");
  Run();

  ASSERT_EQ(Told(), "9");
  EXPECT_EQ((*result_)->observe_time, ToWallTime(grant.observed));
  EXPECT_EQ((*result_)->receive_time - (*result_)->observe_time, milliseconds(20));
  EXPECT_EQ((*result_)->observe_steady, sent.steady);
}

TEST_F(SharedSourceTest, WhoJoinsMayWantANewerOneThanTheFetchBeganWith) {
  progress_.wanted = ObservedSince{clock_.SteadyNow() - seconds(2)};
  store_->Answer(BusyFor(seconds(5)));
  store_->Answer(BusyFor(seconds(5)));
  std::optional<Result<Reading>> result;
  boost::asio::co_spawn(loop_, source_->Fetch({clock_.SteadyNow() + seconds(10), &progress_}),
                        [&](const std::exception_ptr&, Result<Reading> fetched) {
                          result.emplace(std::move(fetched));
                        });
  Run();

  progress_.wanted = ObservedSince{clock_.SteadyNow()};
  store_->Publish(Shared("8", seconds(1)));
  Run();
  EXPECT_FALSE(result);
  store_->Publish(Shared("9"));
  Run();

  ASSERT_TRUE(result && *result);
  EXPECT_EQ((*result)->balances.at(0).cash->value.ToString(), "9");
}

TEST_F(SharedSourceTest, ASlowDownIsToldToAllOnceInAWhile) {
  SendOutlook slow;
  slow.interval = seconds(2);
  upstream_.SetOutlook(slow);
  for (int i = 0; i < 3; ++i) {
    store_->Answer(Grant());
    Fetch(*source_);
    upstream_.AnswerWith("1");
    Run();
    Advance(seconds(10));
  }

  ASSERT_EQ(store_->rates.size(), 2U);
  EXPECT_EQ(store_->rates[0].interval, Duration(seconds(2)));
  EXPECT_GT(store_->rates[0].lasting, Duration(seconds(10)));
}

TEST_F(SharedSourceTest, AnUpstreamThatHasNothingLeftIsLeftAloneByAll) {
  store_->Answer(Grant());
  Fetch(*source_);
  progress_.rate_limits.exhausted_for = seconds(40);
  upstream_.AnswerWith("1");
  Run();

  ASSERT_EQ(store_->rates.size(), 1U);
  EXPECT_EQ(store_->rates[0].interval, Duration(seconds(40)));
  EXPECT_EQ(store_->rates[0].lasting, Duration(seconds(40)));
}

TEST_F(SharedSourceTest, ARejectionThatIsForgivenHereIsForgivenForAll) {
  store_->Answer(Grant());
  Fetch(*source_);
  upstream_.RefuseFor(seconds(60), ErrorKind::kCredentialsRejected);
  upstream_.FailWith(ErrorKind::kCredentialsRejected);
  Run();
  // As when the credential before ends: the new one is tried once more.
  upstream_.Admit();

  store_->Answer(HeldOff{std::nullopt, clock_.SteadyNow() + seconds(60), true});
  store_->Answer(Shared("7"));
  Fetch(*source_);

  EXPECT_EQ(Told(), "7");
  ASSERT_EQ(store_->rates.size(), 2U);
  EXPECT_TRUE(store_->rates[1].is_accepted);
}

TEST_F(SharedSourceTest, WhatIsForbiddenBelowIsNotForbiddenWhileOthersMayHaveReadIt) {
  upstream_.RefuseFor(seconds(5), ErrorKind::kUnreachable);
  EXPECT_FALSE(source_->Outlook().IsForbidden(clock_.SteadyNow()));

  store_->is_usable = false;
  EXPECT_TRUE(source_->Outlook().IsForbidden(clock_.SteadyNow()));
}

// The replicas that were cut off offer what they read, one after another.
TEST_F(SharedSourceTest, OffersUseUpNothingOfTheBudgetAndEndNoLease) {
  store_->Answer(
      OutOfTurn{clock_.SteadyNow() + seconds(5), clock_.SteadyNow() + milliseconds(500)});
  Fetch(*source_, seconds(1));
  store_->Answer(LeaseBusy{clock_.SteadyNow() + seconds(5), "replica-b/7"});
  Fetch(*source_);
  const auto fleet = [this] {
    PathState state;
    login_->AddTo(state, clock_.SteadyNow());
    return *state.fleet;
  };
  ASSERT_EQ(fleet().budget_left, 1);

  for (const auto age : {seconds(3), seconds(2), seconds(1)}) {
    FleetReading offer = Shared("8", age);
    offer.owner = "replica-c/1";
    offer.is_from_reserve = true;
    store_->Publish(offer);
  }

  EXPECT_EQ(fleet().budget_left, 1);
  EXPECT_EQ(fleet().lease_holder, "replica-b");
  EXPECT_TRUE(source_->Outlook().has_spare);
  Advance(milliseconds(501));
  EXPECT_EQ(fleet().budget_left, 2);
}

TEST_F(SharedSourceTest, ThoseWhoWatchSeeHolderBudgetAndPauses) {
  const auto path = [this] {
    PathState state;
    login_->AddTo(state, clock_.SteadyNow());
    return state;
  };
  EXPECT_EQ(path().fleet->budget_left, 2);

  store_->Answer(LeaseBusy{clock_.SteadyNow() + seconds(5), "replica-b/7"});
  Fetch(*source_);
  EXPECT_EQ(path().fleet->lease_holder, "replica-b");
  store_->Publish(Shared("1"));
  Run();
  EXPECT_EQ(path().fleet->lease_holder, "");
  EXPECT_EQ(path().fleet->budget_left, 1);
  Advance(seconds(2));
  store_->Answer(HeldOff{std::nullopt, clock_.SteadyNow() + seconds(7), true});
  Fetch(*source_);

  EXPECT_EQ(path().hold_off_until, clock_.SteadyNow() + seconds(7));
  EXPECT_TRUE(path().is_forbidden);
  // From before the venue forbade it.
  store_->Publish(Shared("2", seconds(1)));
  EXPECT_TRUE(path().is_forbidden);
  Advance(milliseconds(1));
  store_->Publish(Shared("3"));
  EXPECT_FALSE(path().is_forbidden);
}

}  // namespace
}  // namespace balance
