#include "clients/redis/fleet_question.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "clients/redis/signal.h"

namespace balance {

// Not in an unnamed namespace: GCC warns of a coroutine whose frame has a member of such a type.
struct FleetQuestion {
  // Null: nobody waits for the answer any more.
  Signal* waiter = nullptr;
  std::optional<RedisResult<Acquired>> answer;
};

namespace {

namespace asio = boost::asio;

asio::awaitable<void> Answer(std::shared_ptr<FleetStore> store,
                             std::shared_ptr<const LoginNames> login, AcquireRequest request,
                             std::shared_ptr<FleetQuestion> question) {
  auto acquired = co_await store->Acquire(std::move(request));
  if (question->waiter) {
    question->answer = std::move(acquired);
    question->waiter->Wake();
  } else if (auto* const grant = acquired ? std::get_if<Granted>(&*acquired) : nullptr) {
    co_await store->Release(*login, std::move(*grant));
  }
}

}  // namespace

asio::awaitable<RedisResult<Acquired>> AskFleet(LoopExecutor executor,
                                                std::shared_ptr<FleetStore> store,
                                                std::shared_ptr<const LoginNames> login,
                                                AcquireRequest request) {
  const auto question = std::make_shared<FleetQuestion>();
  Signal answered(executor);
  question->waiter = &answered;
  const std::shared_ptr<void> leaving(nullptr, [question](void*) { question->waiter = nullptr; });
  asio::co_spawn(executor, Answer(std::move(store), std::move(login), std::move(request), question),
                 asio::detached);
  co_await answered.Wait();
  co_return *std::move(question->answer);
}

}  // namespace balance
