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
#include "clients/redis/login_names.h"
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

// A usual reading has so many bytes. A larger one than the second is rare, and must not keep Redis
// away that serves all the others.
constexpr std::size_t kUsualBytes = std::size_t{1} << 10;
constexpr std::size_t kMostProbeBytes = std::size_t{16} << 10;

// For how long a reading may lie in Redis.
constexpr std::chrono::milliseconds kDoubtLife = std::chrono::hours(24 * 365);

// Number of bytes of text in a reply, which are nearly all of it.
std::size_t TextBytes(const RedisReply& reply) {
  std::size_t bytes = reply.text.size();
  for (const RedisReply& element : reply.elements) bytes += TextBytes(element);
  return bytes;
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
    if (!self->IsUsable()) co_return self->Away();
    CommandWindow::Turn turn(self->window_);
    const bool has_come = co_await turn.Await();
    // It may have been lost meanwhile.
    if (!self->IsUsable()) co_return self->Away();
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

  tl::unexpected<RedisError> Away() const {
    const auto& reason = health_.reason();
    return RedisFailure(RedisErrorKind::kAway, reason
                                                   ? "Redis is not used for now: " + reason->message
                                                   : std::string("Redis is not connected to yet"));
  }

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

      if (!by_text) self->NoteSize(command.bytes().size());
      const SteadyTime sent = self->clock_.SteadyNow();
      auto replies = co_await primary->connection->Call(std::move(command), end);
      if (!replies) co_return tl::unexpected<RedisError>(std::move(replies.error()));
      RedisReply& reply = replies->front();
      self->NoteSize(TextBytes(reply));
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
      co_await NoteDoubt(self);
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

  // Connects if there is no connection, and asks for the time.
  static asio::awaitable<void> Probe(std::shared_ptr<State> self) {
    if (!self->primary_ || !self->primary_->connection->is_open()) {
      const bool is_connected = co_await Connect(self);
      if (!is_connected) co_return;
      // A login is as good as a probe, unless more than that has failed.
      if (!self->health_.is_open()) co_return self->Pass(false);
    }
    co_await AskTheTime(self);
  }

  // While the breaker is open, with as many bytes both ways as operations have: a connection may be
  // so slow that a short question is answered in time and a reading is not.
  static asio::awaitable<void> AskTheTime(std::shared_ptr<State> self) {
    const Primary primary = self->primary_;
    RedisPipeline commands;
    const std::string filler(self->health_.is_open() ? self->largest_ : 0, 'x');
    if (!filler.empty()) commands.Add({"PING", filler});
    commands.Add({"TIME"});
    const SteadyTime sent = self->clock_.SteadyNow();
    auto replies = co_await primary->connection->Call(
        std::move(commands), sent + self->dialer_->settings().operation_timeout);
    const SteadyTime received = self->clock_.SteadyNow();
    if (self->is_stopped_) co_return;
    if (!replies) co_return self->Failed(primary, replies.error());
    for (const RedisReply& reply : *replies) {
      if (reply.IsError()) co_return self->Failed(primary, ErrorOfReply(reply.text));
    }
    const auto time = TimeOfReply(replies->back());
    if (!time) co_return self->Failed(primary, ErrorOfReply(replies->back().text));
    self->Observe({sent, received, *time});
    self->Pass(self->IsUsable());
  }

  // A probe went well.
  void Pass(bool was_usable) {
    health_.OnProbeSuccess(clock_.SteadyNow());
    if (!was_usable && IsUsable() && hooks_.on_usable) hooks_.on_usable();
  }

  // Has all replicas know, those that come later too, that Redis's clock was set back. What fails
  // is tried again with the next probe.
  static asio::awaitable<void> NoteDoubt(std::shared_ptr<State> self) {
    const RedisTime until = self->redis_clock_.doubtful_until();
    if (until <= self->noted_doubt_ || !self->IsUsable()) co_return;
    const Primary primary = self->primary_;
    const std::string latest = MicrosText(until);
    const std::string life = std::to_string(kDoubtLife.count());
    const ScriptCall call{
        DoubtScript(), {kClockKey}, {primary->run_id, latest, life}, primary->run_id};
    const SteadyTime end = self->clock_.SteadyNow() + self->dialer_->settings().operation_timeout;
    const auto reply = co_await Evaluate(self, primary, call, end);
    if (self->is_stopped_) co_return;
    if (!reply && EndsConnection(reply.error().kind)) self->Failed(primary, reply.error());
    if (reply && reply->word == "NOTED" && primary->run_id == self->run_id_) {
      self->noted_doubt_ = until;
    }
  }

  // Returns whether there is a connection now.
  static asio::awaitable<bool> Connect(std::shared_ptr<State> self) {
    self->Drop();
    auto opened = co_await self->dialer_->Open(self->clock_.SteadyNow() +
                                               self->dialer_->settings().connect_timeout);
    if (self->is_stopped_) co_return false;
    if (!opened) {
      self->health_.OnFailure(self->clock_.SteadyNow(), opened.error());
      co_return false;
    }
    // What was known of another one tells nothing, but by how much the clock of all replicas is
    // set.
    Duration set{0};
    if (self->run_id_ != opened->run_id) {
      set = std::exchange(self->redis_clock_, {}).Observe(opened->clock);
      self->noted_doubt_ = RedisTime::min();
    }
    self->Observe(opened->clock);
    if (set != Duration::zero() && self->hooks_.on_clock_set) self->hooks_.on_clock_set(set);
    self->run_id_ = opened->run_id;
    self->primary_ = std::make_shared<PrimaryConnection>(*std::move(opened));
    self->health_.OnConnected();
    if (self->hooks_.on_connected) self->hooks_.on_connected(self->run_id_);
    // It may be over already, and then there is none any more.
    asio::co_spawn(self->loop_, WatchEnd(self, self->primary_), asio::detached);
    co_return self->primary_ != nullptr;
  }

  void Observe(const ClockSample& sample) {
    // Who has the hooks may be gone.
    if (is_stopped_) return;
    const Duration set = redis_clock_.Observe(sample);
    if (hooks_.on_clock) hooks_.on_clock(redis_clock_);
    if (set != Duration::zero() && hooks_.on_clock_set) hooks_.on_clock_set(set);
    // The next probe notes it in Redis.
    if (set < Duration::zero()) WakeSoon();
  }

  void NoteSize(std::size_t bytes) { largest_ = std::clamp(bytes, largest_, kMostProbeBytes); }

  // Has the next probe come now.
  void WakeSoon() {
    if (const auto wake = wake_.lock()) wake->Wake();
  }

  // A connection failed, for all who use it at once: that is one failure.
  void Failed(const Primary& primary, const RedisError& error) {
    if (primary != primary_) return;
    health_.OnFailure(clock_.SteadyNow(), error);
    Drop();
    if (!health_.is_open()) WakeSoon();
  }

  void Drop() {
    const Primary primary = std::exchange(primary_, nullptr);
    health_.OnDisconnected();
    window_.Dismiss();
    if (primary) primary->connection->Close();
  }

  asio::io_context& loop_;
  Clock& clock_;
  const std::shared_ptr<RedisDialer> dialer_;
  const RedisLinkHooks hooks_;
  asio::cancellation_signal cancel_;
  bool is_stopped_ = false;
  RedisClock redis_clock_;
  std::string run_id_;
  // The doubtful_until() of that clock which was last noted in Redis, for all replicas.
  RedisTime noted_doubt_ = RedisTime::min();
  // Number of bytes of the largest command or reply so far, as far as probes go.
  std::size_t largest_ = kUsualBytes;
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

tl::unexpected<RedisError> RedisLink::Away() const { return state_->Away(); }

const RedisHealth& RedisLink::health() const { return state_->health(); }

bool RedisLink::IsUsable() const { return state_->IsUsable(); }

const RedisClock& RedisLink::clock() const { return state_->redis_clock(); }

const std::string& RedisLink::run_id() const { return state_->run_id(); }

}  // namespace balance
