#include "tests/sandbox/fault_queue.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/sandbox/signing.h"

namespace balance::sandbox {
namespace {

Fault WithStatus(int status, int count = 1) {
  Fault fault;
  fault.status = status;
  fault.count = count;
  return fault;
}

int TakeStatus(FaultQueue& queue, const HttpCall& call = Get("/a"), const std::string& key = "k") {
  const auto fault = queue.Take(call, key);
  return fault ? fault->status : 0;
}

TEST(FaultQueueTest, MeetsRequestsInOrderAndCount) {
  FaultQueue queue;
  queue.Push(WithStatus(500, 2));
  queue.Push(WithStatus(503));

  EXPECT_EQ(TakeStatus(queue), 500);
  EXPECT_EQ(TakeStatus(queue), 500);
  EXPECT_EQ(TakeStatus(queue), 503);
  EXPECT_EQ(TakeStatus(queue), 0);
}

TEST(FaultQueueTest, CountZeroStaysUntilCleared) {
  FaultQueue queue;
  queue.Push(WithStatus(500, 0));

  for (int i = 0; i < 100; ++i) ASSERT_EQ(TakeStatus(queue), 500);
  queue.Clear();
  EXPECT_EQ(TakeStatus(queue), 0);
}

TEST(FaultQueueTest, OthersPassItBy) {
  FaultQueue queue;
  Fault fault = WithStatus(500);
  fault.path = "/b";
  fault.key = "other";
  fault.reused_connection_only = true;
  queue.Push(fault);
  HttpCall reused = Get("/b");
  reused.number_on_connection = 2;

  EXPECT_EQ(TakeStatus(queue, Get("/b"), "other"), 0);
  EXPECT_EQ(TakeStatus(queue, reused, "k"), 0);
  HttpCall elsewhere = reused;
  elsewhere.path = "/a";
  EXPECT_EQ(TakeStatus(queue, elsewhere, "other"), 0);
  EXPECT_EQ(TakeStatus(queue, reused, "other"), 500);
}

TEST(FaultCatalogueTest, NamesAreUniqueAndKnown) {
  const auto names = CatalogueNames();

  EXPECT_EQ(std::set<std::string_view>(names.begin(), names.end()).size(), names.size());
  for (const std::string_view name : names) EXPECT_TRUE(CatalogueFault(name)) << name;
  EXPECT_FALSE(CatalogueFault("pm_nothing"));
}

}  // namespace
}  // namespace balance::sandbox
