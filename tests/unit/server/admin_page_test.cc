#include "service/server/admin_page.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <string>
#include <vector>

namespace balance {
namespace {

namespace asio = boost::asio;

// Both executors are stepped by hand.
class AdminPageTest : public testing::Test {
 protected:
  void Ask(const std::string& query = "") {
    asio::co_spawn(loop_, Asking(query), asio::detached);
    Turn(loop_);
  }
  asio::awaitable<void> Asking(std::string query) {
    const auto answer = co_await page_.Get(std::move(query));
    answers_.push_back(answer->body);
  }
  static void Turn(asio::io_context& context) {
    context.restart();
    context.poll();
  }

  asio::io_context loop_;
  asio::io_context worker_;
  int renderings_ = 0;
  AdminPage page_{loop_.get_executor(), worker_.get_executor(), [this](const std::string& query) {
                    return AdminAnswer{200, "text/plain", query + std::to_string(++renderings_)};
                  }};
  std::vector<std::string> answers_;
};

TEST_F(AdminPageTest, WhoAsksDuringARenderingSharesTheNext) {
  Ask();
  for (int i = 0; i < 1000; ++i) Ask();
  EXPECT_TRUE(answers_.empty());

  Turn(worker_);
  Turn(loop_);
  EXPECT_EQ(answers_, std::vector<std::string>{"1"});

  Turn(worker_);
  Turn(loop_);
  EXPECT_EQ(answers_.size(), 1001U);
  EXPECT_EQ(answers_.back(), "2");
  EXPECT_EQ(renderings_, 2);
}

TEST_F(AdminPageTest, EachRequestAfterAnotherIsRenderedAnew) {
  for (int i = 0; i < 3; ++i) {
    Ask();
    Turn(worker_);
    Turn(loop_);
  }

  EXPECT_EQ(answers_, (std::vector<std::string>{"1", "2", "3"}));
}

TEST_F(AdminPageTest, EachQueryHasARenderingOfItsOwn) {
  Ask("a");
  for (int i = 0; i < 10; ++i) {
    Ask("b");
    Ask("a");
  }

  for (int i = 0; i < 3; ++i) {
    Turn(worker_);
    Turn(loop_);
  }

  EXPECT_EQ(renderings_, 3);
  EXPECT_EQ(answers_.front(), "a1");
  EXPECT_EQ(std::count(answers_.begin(), answers_.end(), "b2"), 10);
  EXPECT_EQ(std::count(answers_.begin(), answers_.end(), "a3"), 10);
}

}  // namespace
}  // namespace balance
