#include "service/config/resource_id.h"

#include <gtest/gtest.h>

namespace balance {
namespace {

bool Accepts(const std::string& id) {
  const Venues venues;
  ConfigDocument document("config.yaml", venues);
  document.AddField("accounts[0].id", 1);
  return CheckResourceId(id, "accounts[0].id", document);
}

TEST(ResourceIdTest, AcceptsIds) {
  for (const std::string& id : {std::string("a"), std::string("0"), std::string("desk-1"),
                                std::string("a--b"), std::string(63, 'x')}) {
    EXPECT_TRUE(Accepts(id)) << id;
  }
}

TEST(ResourceIdTest, RefusesEverythingElse) {
  for (const std::string& id :
       {std::string(""), std::string("-a"), std::string("a-"), std::string("Desk"),
        std::string("a_b"), std::string("a/b"), std::string("a b"), std::string(64, 'x')}) {
    EXPECT_FALSE(Accepts(id)) << id;
  }
}

}  // namespace
}  // namespace balance
