#include "clients/redis/redis_link.h"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <string>
#include <utility>

#include "clients/core/alarm.h"
#include "clients/redis/command_window.h"
#include "clients/redis/signal.h"

namespace balance {
namespace {

namespace asio = boost::asio;

// Whether the connection must not be used any further after this answer: what answers is not, or
// not any more, what was connected to. Others are about one command.
bool EndsConnection(RedisErrorKind kind) {
  switch (kind) {
    case RedisErrorKind::kFull:
    case RedisErrorKind::kNotPermitted:
    case RedisErrorKind::kNoWrites:
    case RedisErrorKind::kBusy:
    case RedisErrorKind::kLate:
    case RedisErrorKind::kBadData:
    case RedisErrorKind::kOther:
      return false;
    default:
      return true;
  }
}

std::string MicrosText(RedisTime time) { return std::to_string(time.time_since_epoch().count()); }

// Unset if no script of ours replies so.
std::optional<ScriptReply> ScriptReplyOf(RedisReply reply) {
  if (reply.elements.size() < 3) return std::nullopt;
  const auto word = reply.elements[0].AsText();
  const auto micros = reply.elements[1].AsInteger();
  const auto now = micros ? TimeOfMicros(*micros) : std::nullopt;
  const auto foreign = reply.elements[2].AsInteger();
  if (!word || !now || !foreign) return std::nullopt;
  ScriptReply out{std::string(*word), *now, *foreign, {}};
  out.rest.assign(std::make_move_iterator(reply.elements.begin() + 3),
                  std::make_move_iterator(reply.elements.end()));
  return out;
}

}  // namespace

// Outlives the link by what is under way.
class RedisLink::State : public std::enable_shared_from_this<State> {
 public:
  State(asio::io_context& loop, Clock& clock, Random random, std::shared_ptr<RedisDialer> dialer,
        RedisLinkHooks hooks)
      : loop_(loop),
        clock_(clock),
        dialer_(std::move(dialer)),
        hooks_(std::move(hooks)),
        window_(loop.get_executor(), clock),
        tick_(loop.get_executor(), clock),
        health_(std::move(random)) {}

  void Start() {
    asio::co_spawn(
        loop_, KeepConnected(shared_from_this()),
        asio::bind_cancellation_slot(
            cancel_.slot(), [self = shared_from_this()](const std::exception_ptr& failure) {
              // A stopped link ends by operation_aborted.
              if (failure && !self->is_stopped_) std::rethrow_exception(failure);
            }));
  }

  void Stop() {
    if (std::exchange(is_stopped_, true)) return;
    tick_.Cancel();
    Drop();
    asio::post(loop_, [self = shared_from_this()] {
      self->cancel_.emit(asio::cancellation_type::terminal);
    });
  }

  static asio::awaitable<RedisResult<ScriptReply>> Run(std::shared_ptr<State> self,
                                                       ScriptCall call) {
    if (!self->IsUsable()) co_return RedisFailure(RedisErrorKind::kAway, self->AwayMessage());
    CommandWindow::Turn turn(self->window_);
    const bool has_come = co_await turn.Await();
    // It may have been lost meanwhile.
    if (!self->IsUsable()) co_return RedisFailure(RedisErrorKind::kAway, self->AwayMessage());
    if (!has_come) {
      co_return RedisFailure(RedisErrorKind::kAway,
                             "too many commands wait for Redis; check its load");
    }
    const auto connection = self->primary_;
    if (connection->run_id != call.run_id) {
      co_return RedisFailure(RedisErrorKind::kAway, "Redis was replaced by another one");
    }
    const SteadyTime end = self->clock_.SteadyNow() + self->dialer_->settings().operation_timeout;
    auto reply = co_await Evaluate(self, connection, call, end);
    if (reply && reply->word == "LATE") {
      reply =
          RedisFailure(RedisErrorKind::kLate,
                       "Redis began a command after its deadline; check its load and its clock");
    }
    if (reply) {
      self->health_.OnSuccess();
    } else if (EndsConnection(reply.error().kind)) {
      self->Failed(connection, reply.error());
    } else if (reply.error().kind != RedisErrorKind::kBadData) {
      // Bad data is one login's: it must not take Redis from the others.
      self->health_.OnFailure(self->clock_.SteadyNow(), reply.error());
    }
    co_return reply;
  }

  const RedisHealth& health() const { return health_; }
  const RedisClock& redis_clock() const { return redis_clock_; }
  const std::string& run_id() const { return run_id_; }
  bool IsUsable() const { return health_.Admits() && primary_ && primary_->connection->is_open(); }

 private:
  using Primary = std::shared_ptr<PrimaryConnection>;

  // By the digest and, if Redis has not seen the script, by its text.
  static asio::awaitable<RedisResult<ScriptReply>> Evaluate(std::shared_ptr<State> self,
                                                            Primary primary, const ScriptCall& call,
                                                            SteadyTime end) {
    const std::string deadline = MicrosText(self->redis_clock_.Earliest(end));
    for (int tries = 0; tries < 2; ++tries) {
      const bool by_text = tries > 0;
      const std::string key_count = std::to_string(call.keys.size());
      std::vector<std::string_view> parts = {
          by_text ? "EVAL" : "EVALSHA", by_text ? call.script.text : call.script.digest, key_count};
      parts.insert(parts.end(), call.keys.begin(), call.keys.end());
      parts.push_back(deadline);
      parts.insert(parts.end(), call.arguments.begin(), call.arguments.end());
      RedisPipeline command;
      command.Add(parts);

      const SteadyTime sent = self->clock_.SteadyNow();
      auto replies = co_await primary->connection->Call(std::move(command), end);
      if (!replies) co_return tl::unexpected<RedisError>(std::move(replies.error()));
      RedisReply& reply = replies->front();
      if (reply.IsError()) {
        if (!by_text && reply.text.starts_with("NOSCRIPT")) continue;
        co_return tl::unexpected<RedisError>(ErrorOfReply(reply.text));
      }
      auto answer = ScriptReplyOf(std::move(reply));
      if (!answer) break;
      self->Observe({sent, self->clock_.SteadyNow(), answer->now});
      co_return *std::move(answer);
    }
    co_return RedisFailure(RedisErrorKind::kProtocol, "Redis answers to a script as none does");
  }

  static asio::awaitable<void> KeepConnected(std::shared_ptr<State> self) {
    while (!self->is_stopped_) {
      co_await Probe(self);
      if (self->is_stopped_) co_return;
      const auto wake = std::make_shared<Signal>(self->loop_.get_executor());
      self->wake_ = wake;
      self->tick_.Set(self->clock_.SteadyNow() + self->health_.NextProbe(),
                      [signal = wake.get()] { signal->Wake(); });
      co_await wake->Wait();
      self->tick_.Cancel();
    }
  }

  // One that ends by itself, as when Redis is shut down, is replaced without waiting for somebody
  // who needs it.
  static asio::awaitable<void> WatchEnd(std::shared_ptr<State> self, Primary primary) {
    co_await primary->connection->AwaitEnd();
    if (!self->is_stopped_) self->Failed(primary, primary->connection->failure());
  }

  // Connects, or asks for the time.
  static asio::awaitable<void> Probe(std::shared_ptr<State> self) {
    const Primary primary = self->primary_;
    if (!primary || !primary->connection->is_open()) co_return co_await Connect(self);
    RedisPipeline command;
    command.Add({"TIME"});
    const SteadyTime sent = self->clock_.SteadyNow();
    auto replies = co_await primary->connection->Call(
        std::move(command), sent + self->dialer_->settings().operation_timeout);
    const SteadyTime received = self->clock_.SteadyNow();
    if (self->is_stopped_) co_return;
    if (!replies) co_return self->Failed(primary, replies.error());
    const auto time = TimeOfReply(replies->front());
    if (!time) co_return self->Failed(primary, ErrorOfReply(replies->front().text));
    self->Observe({sent, received, *time});
    const bool was_usable = self->IsUsable();
    self->health_.OnProbeSuccess();
    if (!was_usable && self->IsUsable() && self->hooks_.on_usable) self->hooks_.on_usable();
  }

  static asio::awaitable<void> Connect(std::shared_ptr<State> self) {
    self->Drop();
    auto opened = co_await self->dialer_->Open(self->clock_.SteadyNow() +
                                               self->dialer_->settings().connect_timeout);
    if (self->is_stopped_) co_return;
    if (!opened) {
      co_return self->health_.OnFailure(self->clock_.SteadyNow(), opened.error());
    }
    // What was known of another one tells nothing, but by how much the clock of all replicas is
    // set.
    Duration set{0};
    if (self->run_id_ != opened->run_id) {
      set = std::exchange(self->redis_clock_, {}).Observe(opened->clock);
    }
    self->Observe(opened->clock);
    if (set != Duration::zero() && self->hooks_.on_clock_set) self->hooks_.on_clock_set(set);
    self->run_id_ = opened->run_id;
    self->primary_ = std::make_shared<PrimaryConnection>(*std::move(opened));
    self->health_.OnConnected();
    self->health_.OnProbeSuccess();
    asio::co_spawn(self->loop_, WatchEnd(self, self->primary_), asio::detached);
    if (self->hooks_.on_connected) self->hooks_.on_connected(self->primary_->run_id);
    if (self->hooks_.on_usable) self->hooks_.on_usable();
  }

  void Observe(const ClockSample& sample) {
    const Duration set = redis_clock_.Observe(sample);
    if (hooks_.on_clock) hooks_.on_clock(redis_clock_);
    if (set != Duration::zero() && hooks_.on_clock_set) hooks_.on_clock_set(set);
  }

  // A connection failed, for all who use it at once: that is one failure.
  void Failed(const Primary& primary, const RedisError& error) {
    if (primary != primary_) return;
    health_.OnFailure(clock_.SteadyNow(), error);
    Drop();
    if (health_.is_open()) return;
    if (const auto wake = wake_.lock()) wake->Wake();
  }

  void Drop() {
    const Primary primary = std::exchange(primary_, nullptr);
    health_.OnDisconnected();
    window_.Dismiss();
    if (primary) primary->connection->Close();
  }

  std::string AwayMessage() const {
    if (health_.reason()) return "Redis is not used for now: " + health_.reason()->message;
    return "Redis is not connected to yet";
  }

  asio::io_context& loop_;
  Clock& clock_;
  const std::shared_ptr<RedisDialer> dialer_;
  const RedisLinkHooks hooks_;
  asio::cancellation_signal cancel_;
  bool is_stopped_ = false;
  RedisClock redis_clock_;
  std::string run_id_;
  // Null while there is none. Operations that are under way keep it.
  Primary primary_;
  CommandWindow window_;
  // When the next probe is due, and of the loop that waits for it.
  Alarm tick_;
  std::weak_ptr<Signal> wake_;
  RedisHealth health_;
};

RedisLink::RedisLink(asio::io_context& loop, Clock& clock, Random random,
                     std::shared_ptr<RedisDialer> dialer, RedisLinkHooks hooks)
    : state_(std::make_shared<State>(loop, clock, std::move(random), std::move(dialer),
                                     std::move(hooks))) {
  state_->Start();
}

RedisLink::~RedisLink() { state_->Stop(); }

void RedisLink::Stop() { state_->Stop(); }

asio::awaitable<RedisResult<ScriptReply>> RedisLink::Run(ScriptCall call) {
  return State::Run(state_, std::move(call));
}

const RedisHealth& RedisLink::health() const { return state_->health(); }

bool RedisLink::IsUsable() const { return state_->IsUsable(); }

const RedisClock& RedisLink::clock() const { return state_->redis_clock(); }

const std::string& RedisLink::run_id() const { return state_->run_id(); }

}  // namespace balance
