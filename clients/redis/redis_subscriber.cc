#include "clients/redis/redis_subscriber.h"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "clients/core/alarm.h"
#include "clients/redis/signal.h"

namespace balance {
namespace {

namespace asio = boost::asio;

// Most channels of one command.
constexpr std::size_t kBatch = 500;

}  // namespace

// Outlives the subscriber by what is under way.
class RedisSubscriber::State : public std::enable_shared_from_this<State> {
 public:
  State(asio::io_context& loop, Clock& clock, Random random, std::shared_ptr<RedisDialer> dialer,
        Settings settings)
      : loop_(loop),
        clock_(clock),
        random_(std::move(random)),
        dialer_(std::move(dialer)),
        settings_(settings),
        tick_(loop.get_executor(), clock) {}

  void Start() {
    asio::co_spawn(
        loop_, KeepListening(shared_from_this()),
        asio::bind_cancellation_slot(
            cancel_.slot(), [self = shared_from_this()](const std::exception_ptr& failure) {
              // A stopped one ends by operation_aborted.
              if (failure && !self->is_stopped_) std::rethrow_exception(failure);
            }));
  }

  void Stop() {
    if (std::exchange(is_stopped_, true)) return;
    tick_.Cancel();
    listeners_.clear();
    Drop();
    asio::post(loop_, [self = shared_from_this()] {
      self->cancel_.emit(asio::cancellation_type::terminal);
    });
  }

  std::unique_ptr<Subscription> Subscribe(std::string channel, OnPayload on_payload) {
    auto& listeners = listeners_[channel];
    listeners.push_back(std::make_shared<OnPayload>(std::move(on_payload)));
    auto seat = std::make_unique<Seat>(weak_from_this(), channel, listeners.back());
    if (listeners.size() == 1) Changed();
    return seat;
  }

  void ExpectRunId(const std::string& run_id) {
    expected_run_id_ = run_id;
    if (primary_ && primary_->run_id != run_id) primary_->connection->Close();
  }

  bool is_up() const {
    return primary_ && primary_->connection->is_open() && subscribed_.size() == listeners_.size();
  }

 private:
  using Primary = std::shared_ptr<PrimaryConnection>;

  class Seat final : public Subscription {
   public:
    Seat(std::weak_ptr<State> state, std::string channel, std::weak_ptr<OnPayload> listener)
        : state_(std::move(state)), channel_(std::move(channel)), listener_(std::move(listener)) {}
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    ~Seat() override {
      const auto state = state_.lock();
      if (state && !state->is_stopped_) state->Remove(channel_, listener_.lock());
    }

   private:
    const std::weak_ptr<State> state_;
    const std::string channel_;
    const std::weak_ptr<OnPayload> listener_;
  };

  void Remove(const std::string& channel, const std::shared_ptr<OnPayload>& listener) {
    const auto found = listeners_.find(channel);
    if (found == listeners_.end()) return;
    *listener = nullptr;
    found->second.remove(listener);
    if (!found->second.empty()) return;
    listeners_.erase(found);
    Changed();
  }

  // What is subscribed to may have to change.
  void Changed() {
    is_changed_ = true;
    if (const auto wake = wake_.lock()) wake->Wake();
  }

  void OnMessage(std::string_view channel, std::string_view payload) {
    const auto found = listeners_.find(std::string(channel));
    if (found == listeners_.end()) return;
    if (!primary_ || primary_->run_id != expected_run_id_) return;
    // They may come and go meanwhile.
    const auto listeners = found->second;
    for (const auto& listener : listeners) {
      if (const OnPayload call = *listener) call(payload);
    }
  }

  static asio::awaitable<void> KeepListening(std::shared_ptr<State> self) {
    while (!self->is_stopped_) {
      co_await Listen(self);
      if (self->is_stopped_) co_return;
      const double factor = 1 + self->settings_.jitter * (2 * self->random_() - 1);
      const auto pause = static_cast<double>(self->settings_.pause.count()) * factor;
      co_await self->clock_.SleepUntil(self->clock_.SteadyNow() +
                                       Duration(static_cast<Duration::rep>(pause)));
    }
  }

  static RedisConnection::OnMessage MessagesTo(const std::weak_ptr<State>& weak) {
    return [weak](std::string_view channel, std::string_view payload) {
      if (const auto state = weak.lock()) state->OnMessage(channel, payload);
    };
  }

  // Until the connection is over.
  static asio::awaitable<void> Listen(std::shared_ptr<State> self) {
    RedisConnection::OnMessage on_message = MessagesTo(self);
    auto opened = co_await self->dialer_->Open(
        self->clock_.SteadyNow() + self->dialer_->settings().connect_timeout,
        std::move(on_message));
    if (!opened || self->is_stopped_) co_return;
    const auto primary = std::make_shared<PrimaryConnection>(*std::move(opened));
    self->primary_ = primary;
    self->is_changed_ = true;
    asio::co_spawn(self->loop_, WatchEnd(self, primary), asio::detached);
    while (primary->connection->is_open() && !self->is_stopped_) {
      bool is_good = false;
      if (std::exchange(self->is_changed_, false)) {
        is_good = co_await Adjust(self, primary);
      } else {
        is_good = co_await Ping(self, primary);
      }
      if (!is_good || self->is_stopped_) break;
      if (!self->is_changed_) co_await Rest(self, primary);
    }
    self->Drop();
  }

  // Until the next ping is due, something has changed or the connection is over.
  static asio::awaitable<void> Rest(std::shared_ptr<State> self, Primary primary) {
    const auto wake = std::make_shared<Signal>(self->loop_.get_executor());
    self->wake_ = wake;
    if (!primary->connection->is_open()) co_return;
    self->tick_.Set(self->clock_.SteadyNow() + self->settings_.ping_interval,
                    [signal = wake.get()] { signal->Wake(); });
    co_await wake->Wait();
    self->tick_.Cancel();
  }

  static asio::awaitable<void> WatchEnd(std::shared_ptr<State> self, Primary primary) {
    co_await primary->connection->AwaitEnd();
    if (const auto wake = self->wake_.lock()) wake->Wake();
  }

  // Subscribes to what is listened on, and to nothing else.
  static asio::awaitable<bool> Adjust(std::shared_ptr<State> self, Primary primary) {
    std::vector<std::string> wanted;
    for (const auto& [channel, listeners] : self->listeners_) {
      if (!self->subscribed_.contains(channel)) wanted.push_back(channel);
    }
    std::vector<std::string> unwanted;
    for (const std::string& channel : self->subscribed_) {
      if (!self->listeners_.contains(channel)) unwanted.push_back(channel);
    }
    const bool is_subscribed = co_await Say(self, primary, "SUBSCRIBE", wanted);
    if (!is_subscribed || self->is_stopped_) co_return false;
    self->subscribed_.insert(wanted.begin(), wanted.end());
    const bool is_unsubscribed = co_await Say(self, primary, "UNSUBSCRIBE", unwanted);
    if (!is_unsubscribed || self->is_stopped_) co_return false;
    for (const std::string& channel : unwanted) self->subscribed_.erase(channel);
    co_return true;
  }

  // Redis answers once for each channel, as if each were a command of its own.
  static asio::awaitable<bool> Say(std::shared_ptr<State> self, Primary primary,
                                   std::string_view command,
                                   const std::vector<std::string>& channels) {
    for (std::size_t first = 0; first < channels.size(); first += kBatch) {
      RedisPipeline commands;
      const std::size_t end = std::min(first + kBatch, channels.size());
      for (std::size_t i = first; i < end; ++i) commands.Add({command, channels[i]});
      const bool is_good = co_await Ask(self, primary, std::move(commands));
      if (!is_good) co_return false;
    }
    co_return true;
  }

  static asio::awaitable<bool> Ping(std::shared_ptr<State> self, Primary primary) {
    RedisPipeline commands;
    commands.Add({"PING"});
    co_return co_await Ask(std::move(self), std::move(primary), std::move(commands));
  }

  static asio::awaitable<bool> Ask(std::shared_ptr<State> self, Primary primary,
                                   RedisPipeline commands) {
    const SteadyTime deadline =
        self->clock_.SteadyNow() + self->dialer_->settings().connect_timeout;
    const auto replies = co_await primary->connection->Call(std::move(commands), deadline);
    co_return replies&& std::none_of(replies->begin(), replies->end(),
                                     [](const RedisReply& reply) { return reply.IsError(); });
  }

  void Drop() {
    const Primary primary = std::exchange(primary_, nullptr);
    subscribed_.clear();
    if (primary) primary->connection->Close();
  }

  asio::io_context& loop_;
  Clock& clock_;
  Random random_;
  const std::shared_ptr<RedisDialer> dialer_;
  const Settings settings_;
  asio::cancellation_signal cancel_;
  bool is_stopped_ = false;
  // Null while there is none.
  Primary primary_;
  // Empty until the first is expected.
  std::string expected_run_id_;
  // An empty one has left during a message.
  std::map<std::string, std::list<std::shared_ptr<OnPayload>>> listeners_;
  // On `primary_`.
  std::set<std::string> subscribed_;
  bool is_changed_ = false;
  Alarm tick_;
  std::weak_ptr<Signal> wake_;
};

RedisSubscriber::RedisSubscriber(asio::io_context& loop, Clock& clock, Random random,
                                 std::shared_ptr<RedisDialer> dialer, Settings settings)
    : state_(std::make_shared<State>(loop, clock, std::move(random), std::move(dialer), settings)) {
  state_->Start();
}

RedisSubscriber::~RedisSubscriber() { state_->Stop(); }

void RedisSubscriber::Stop() { state_->Stop(); }

std::unique_ptr<RedisSubscriber::Subscription> RedisSubscriber::Subscribe(std::string channel,
                                                                          OnPayload on_payload) {
  return state_->Subscribe(std::move(channel), std::move(on_payload));
}

void RedisSubscriber::ExpectRunId(const std::string& run_id) { state_->ExpectRunId(run_id); }

bool RedisSubscriber::is_up() const { return state_->is_up(); }

}  // namespace balance
