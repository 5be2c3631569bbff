#include "clients/http/host_resolver.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace balance {
namespace {

class HostResolverTest : public testing::Test {
 protected:
  std::shared_ptr<HostResolver::Wait> Ask(const std::string& host, std::uint16_t port = 443) {
    auto wait = std::make_shared<HostResolver::Wait>(loop_);
    resolver_->Resolve(host, port, wait);
    return wait;
  }

  bool Await(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() >= end) return false;
      loop_.restart();
      loop_.run_for(std::chrono::milliseconds(1));
    }
    return true;
  }

  boost::asio::io_context loop_;
  std::unique_ptr<HostResolver> resolver_ = std::make_unique<HostResolver>(loop_);
};

TEST_F(HostResolverTest, AnAddressIsItself) {
  const auto wait = Ask("127.0.0.1", 8443);
  EXPECT_FALSE(wait->is_answered) << "never from inside the question";

  ASSERT_TRUE(Await([&] { return wait->is_answered; }));
  ASSERT_EQ(wait->endpoints.size(), 1U);
  EXPECT_EQ(wait->endpoints[0].address().to_string(), "127.0.0.1");
  EXPECT_EQ(wait->endpoints[0].port(), 8443);
}

TEST_F(HostResolverTest, WhatDoesNotResolveIsAnsweredWithNothing) {
  const auto wait = Ask("no..such..host");

  ASSERT_TRUE(Await([&] { return wait->is_answered; }));
  EXPECT_TRUE(wait->endpoints.empty());
}

TEST_F(HostResolverTest, AllWhoAskGetTheAnswer) {
  std::vector<std::shared_ptr<HostResolver::Wait>> waits;
  for (int i = 0; i < 100; ++i) waits.push_back(Ask("127.0.0.1"));
  // One leaves.
  waits[50].reset();

  for (const auto& wait : waits) {
    if (!wait) continue;
    ASSERT_TRUE(Await([&] { return wait->is_answered; }));
    EXPECT_FALSE(wait->endpoints.empty());
  }
}

TEST_F(HostResolverTest, MayEndBeforeItsAnswers) {
  for (int i = 0; i < 20; ++i) {
    const auto wait = Ask("127.0.0.1", static_cast<std::uint16_t>(i));
    resolver_ = std::make_unique<HostResolver>(loop_);
  }
  loop_.restart();
  loop_.run_for(std::chrono::milliseconds(20));
}

}  // namespace
}  // namespace balance
