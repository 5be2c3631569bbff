#include "clients/http/connection_pool.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace balance {
namespace {

using Outcome = ConnectionPool::Outcome;
using Lease = ConnectionPool::Lease;

constexpr const char* kOrigin = "https://venue.test:443 ";

class ConnectionPoolTest : public testing::Test {
 protected:
  ConnectionTag TakeAndGive(std::uint64_t login, Outcome outcome = Outcome::kAnswered,
                            const char* origin = kOrigin) {
    const Lease lease = pool_.Take(origin, login);
    const ConnectionTag tag = lease.tag();
    Give(lease, outcome);
    return tag;
  }
  void Give(const Lease& lease, Outcome outcome = Outcome::kAnswered) {
    pool_.Give(lease, outcome, now_);
  }

  ConnectionPool pool_{3};
  SteadyTime now_{std::chrono::seconds(100)};
};

TEST_F(ConnectionPoolTest, ALoginKeepsItsConnection) {
  const ConnectionTag first = TakeAndGive(1);
  const ConnectionTag second = TakeAndGive(2);

  EXPECT_NE(first, second);
  EXPECT_EQ(TakeAndGive(1), first);
  EXPECT_EQ(TakeAndGive(2), second);
}

TEST_F(ConnectionPoolTest, ABusyConnectionIsNotTaken) {
  const Lease one = pool_.Take(kOrigin, 1);
  const Lease other = pool_.Take(kOrigin, 1);
  EXPECT_NE(one.tag(), other.tag());
  Give(other);
  Give(one);

  const std::set<ConnectionTag> both = {one.tag(), other.tag()};
  const Lease again = pool_.Take(kOrigin, 1);
  const Lease and_again = pool_.Take(kOrigin, 1);
  EXPECT_EQ(std::set<ConnectionTag>({again.tag(), and_again.tag()}), both);
}

TEST_F(ConnectionPoolTest, MoreLoginsThanConnectionsTakeTheOneThatWasIdleLongest) {
  const ConnectionTag first = TakeAndGive(1);
  const ConnectionTag second = TakeAndGive(2);
  const ConnectionTag third = TakeAndGive(3);
  EXPECT_EQ(TakeAndGive(1), first);

  EXPECT_EQ(TakeAndGive(4), second);
  EXPECT_EQ(TakeAndGive(2), third);
  EXPECT_EQ(TakeAndGive(1), first);
}

TEST_F(ConnectionPoolTest, AnotherOriginIsAnotherPool) {
  const ConnectionTag here = TakeAndGive(1);

  EXPECT_NE(TakeAndGive(1, Outcome::kAnswered, "https://other.test:443 "), here);
  EXPECT_EQ(TakeAndGive(1), here);
}

TEST_F(ConnectionPoolTest, AFailedLoginGetsNoConnectionFromBefore) {
  const Lease one = pool_.Take(kOrigin, 1);
  const ConnectionTag idle = TakeAndGive(1);
  const ConnectionTag of_other = TakeAndGive(2);
  const ConnectionTag failed = one.tag();

  Give(one, Outcome::kFailed);

  const std::set<ConnectionTag> old = {failed, idle};
  EXPECT_FALSE(old.contains(pool_.Take(kOrigin, 1).tag()));
  EXPECT_FALSE(old.contains(pool_.Take(kOrigin, 1).tag()));
  EXPECT_EQ(TakeAndGive(2), of_other);
}

TEST_F(ConnectionPoolTest, AFailedLoginDoesNotTakeOverAnOldConnectionEither) {
  TakeAndGive(1, Outcome::kFailed);
  std::set<ConnectionTag> old;
  for (const std::uint64_t login : {2U, 3U, 4U}) old.insert(TakeAndGive(login));

  EXPECT_FALSE(old.contains(TakeAndGive(1)));
}

TEST_F(ConnectionPoolTest, TellsWhenTheOriginFailedLast) {
  EXPECT_EQ(ConnectionPool::FailedAt(pool_.Take(kOrigin, 1)), SteadyTime::min());
  TakeAndGive(1, Outcome::kCancelled);
  EXPECT_EQ(ConnectionPool::FailedAt(pool_.Take(kOrigin, 1)), SteadyTime::min());

  TakeAndGive(1, Outcome::kFailed);

  EXPECT_EQ(ConnectionPool::FailedAt(pool_.Take(kOrigin, 2)), now_);
}

TEST_F(ConnectionPoolTest, AConnectionGivenUpInTheMiddleIsNotUsedAgain) {
  const ConnectionTag cancelled = TakeAndGive(1, Outcome::kCancelled);

  EXPECT_NE(TakeAndGive(1), cancelled);
}

TEST_F(ConnectionPoolTest, RenewedNoConnectionFromBeforeIsUsed) {
  const Lease busy = pool_.Take(kOrigin, 1);
  const ConnectionTag idle = TakeAndGive(2);
  const ConnectionTag in_use = busy.tag();

  pool_.Renew();

  Give(busy);
  EXPECT_NE(TakeAndGive(1), in_use);
  EXPECT_NE(TakeAndGive(2), idle);
}

// What failed before, perhaps because of what has been mended, costs no connection after.
TEST_F(ConnectionPoolTest, RenewedAFailureFromBeforeCostsNoConnectionThatChangesHands) {
  TakeAndGive(1, Outcome::kFailed);
  for (std::uint64_t login = 2; login <= 4; ++login) TakeAndGive(login);

  pool_.Renew();

  const ConnectionTag oldest = TakeAndGive(2);
  TakeAndGive(3);
  TakeAndGive(4);
  EXPECT_EQ(TakeAndGive(1), oldest);
}

// Requests that do not wait for a connection before may be more than there are connections.
TEST_F(ConnectionPoolTest, MoreRequestsThanConnectionsLeaveNoMoreBehind) {
  std::vector<Lease> leases;
  for (int i = 0; i < 10; ++i) leases.push_back(pool_.Take(kOrigin, 1));
  for (const Lease& lease : leases) Give(lease);

  std::set<ConnectionTag> tags;
  for (std::uint64_t login = 1; login <= 10; ++login) tags.insert(TakeAndGive(login));
  EXPECT_LE(tags.size(), 3U);
}

}  // namespace
}  // namespace balance
