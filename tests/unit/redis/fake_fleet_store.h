#pragma once

// A FleetStore that a test answers for.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clients/redis/fleet_store.h"
#include "clients/redis/wake_list.h"

namespace balance {

// Used on one thread. Answers at once.
class FakeFleetStore final : public FleetStore {
 public:
  // Of the next Acquire() without an answer yet. When none is left, Redis is away from then on.
  void Answer(Acquired acquired) { answers_.push_back(std::move(acquired)); }

  void Publish(FleetNews news) {
    const auto listeners = *listeners_;
    for (const auto& listener : listeners) (*listener)(news);
  }

  // Redis can be used again, and who waits for that is told.
  void ComeBack() {
    is_usable = true;
    await_usable_.WakeAll();
  }

  bool is_usable = true;
  // Acquire() fails, as of one login whose data is bad, although Redis can be used.
  bool is_login_bad = false;
  // Unset: no answer of Redis has told its time.
  std::optional<RedisClock> redis;
  // Called during each Acquire(), if set.
  std::function<void()> on_acquire;
  std::vector<AcquireRequest> asked;
  std::vector<StoreRequest> stored;
  std::vector<std::string> released;
  std::vector<RateNews> rates;
  std::size_t listeners() const { return listeners_->size(); }

  boost::asio::awaitable<RedisResult<Acquired>> Acquire(AcquireRequest request) override {
    asked.push_back(std::move(request));
    if (on_acquire) on_acquire();
    if (is_login_bad) co_return RedisFailure(RedisErrorKind::kBadData, "a key is of no use");
    if (answers_.empty()) is_usable = false;
    if (answers_.empty()) co_return RedisFailure(RedisErrorKind::kAway, "Redis is away");
    Acquired answer = std::move(answers_.front());
    answers_.pop_front();
    co_return answer;
  }

  boost::asio::awaitable<RedisResult<StoreOutcome>> Store(StoreRequest request) override {
    stored.push_back(std::move(request));
    co_return StoreOutcome::kKept;
  }

  boost::asio::awaitable<RedisResult<void>> Release(LoginNames /*login*/, Granted grant) override {
    released.push_back(grant.token);
    co_return RedisResult<void>();
  }

  boost::asio::awaitable<RedisResult<void>> Rate(RateNews news) override {
    rates.push_back(std::move(news));
    co_return RedisResult<void>();
  }

  std::unique_ptr<Subscription> Subscribe(const LoginNames& /*names*/, OnNews on_news) override {
    auto listener = std::make_shared<OnNews>(std::move(on_news));
    listeners_->push_back(listener);
    return std::make_unique<Seat>(listeners_, std::move(listener));
  }

  bool IsUsable() const override { return is_usable; }
  std::unique_ptr<Subscription> AwaitUsable(std::function<void()> on_usable) override {
    return std::make_unique<Wait>(await_usable_.Add(std::move(on_usable)));
  }
  const RedisClock* redis_clock() const override { return redis ? &*redis : nullptr; }

 private:
  using Listeners = std::vector<std::shared_ptr<OnNews>>;

  class Seat final : public Subscription {
   public:
    Seat(std::shared_ptr<Listeners> all, std::shared_ptr<OnNews> own)
        : all_(std::move(all)), own_(std::move(own)) {}
    ~Seat() override { std::erase(*all_, own_); }

   private:
    const std::shared_ptr<Listeners> all_;
    const std::shared_ptr<OnNews> own_;
  };

  class Wait final : public Subscription {
   public:
    explicit Wait(std::unique_ptr<WakeList::Seat> seat) : seat_(std::move(seat)) {}

   private:
    const std::unique_ptr<WakeList::Seat> seat_;
  };

  std::deque<Acquired> answers_;
  WakeList await_usable_;
  const std::shared_ptr<Listeners> listeners_ = std::make_shared<Listeners>();
};

}  // namespace balance
