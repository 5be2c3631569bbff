#include "clients/redis/redis_connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <list>
#include <utility>

#include "clients/core/alarm.h"
#include "clients/core/secret.h"
#include "clients/redis/redis_command.h"
#include "clients/redis/reply_reader.h"
#include "clients/redis/signal.h"

namespace balance {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kReadBytes = std::size_t{16} * 1024;

// An alarm that rings this late shows that the loop was held up. What came meanwhile is taken
// first, for as long again at most.
constexpr Duration kHeldUp = std::chrono::milliseconds(10);

}  // namespace

RedisPipeline::~RedisPipeline() { Wipe(bytes_); }

RedisPipeline& RedisPipeline::Add(const std::vector<std::string_view>& command) {
  AppendCommand(bytes_, command);
  ++size_;
  return *this;
}

// Outlives the connection by what is under way.
class RedisConnection::State : public std::enable_shared_from_this<State> {
 public:
  State(LoopExecutor executor, Clock& clock, std::unique_ptr<ByteStream> stream,
        OnMessage on_message)
      : executor_(std::move(executor)),
        clock_(clock),
        stream_(std::move(stream)),
        on_message_(std::move(on_message)),
        deadline_(executor_, clock) {}

  void Start() { asio::co_spawn(executor_, ReadAll(shared_from_this()), asio::detached); }

  static asio::awaitable<RedisResult<std::vector<RedisReply>>> Call(std::shared_ptr<State> self,
                                                                    RedisPipeline commands,
                                                                    SteadyTime deadline) {
    if (self->failure_) co_return tl::unexpected<RedisError>(*self->failure_);
    Caller caller(*self, commands.size(), deadline);
    self->Send(commands.bytes());
    if (deadline < self->rings_at_) self->RingAt(deadline);
    co_await caller.answered.Wait();
    if (caller.replies.size() == caller.wanted) co_return std::move(caller.replies);
    co_return tl::unexpected<RedisError>(*self->failure_);
  }

  static asio::awaitable<void> AwaitEnd(std::shared_ptr<State> self) {
    if (self->failure_) co_return;
    const auto end = std::make_shared<Signal>(self->executor_);
    self->end_ = end;
    co_await end->Wait();
  }

  void Silence() { on_message_ = nullptr; }

  void End(RedisError why) {
    if (failure_) return;
    failure_ = std::move(why);
    stream_->Close();
    deadline_.Cancel();
    while (!callers_.empty()) TakeFirst().answered.Wake();
    if (const auto end = end_.lock()) end->Wake();
  }

  const std::optional<RedisError>& failure() const { return failure_; }

 private:
  // Who waits for replies. Leaving without them ends the connection, for they still come.
  struct Caller {
    Caller(State& connection, std::size_t count, SteadyTime until)
        : state(connection),
          wanted(count),
          deadline(until),
          position(connection.callers_.insert(connection.callers_.end(), this)),
          answered(connection.executor_) {}
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;
    ~Caller() {
      if (!is_waiting) return;
      state.callers_.erase(position);
      state.End({RedisErrorKind::kUnreachable, "a command to Redis was given up"});
    }

    State& state;
    const std::size_t wanted;
    const SteadyTime deadline;
    // Among the connection's callers, while it waits.
    const std::list<Caller*>::iterator position;
    bool is_waiting = true;
    std::vector<RedisReply> replies = {};
    Signal answered;
  };

  Caller& TakeFirst() {
    Caller& caller = *callers_.front();
    callers_.pop_front();
    caller.is_waiting = false;
    return caller;
  }

  void Send(const std::string& bytes) {
    AppendSecret(outbox_, bytes);
    if (!std::exchange(is_writing_, true)) {
      asio::co_spawn(executor_, WriteAll(shared_from_this()), asio::detached);
    }
  }

  static asio::awaitable<void> WriteAll(std::shared_ptr<State> self) {
    while (!self->outbox_.empty() && !self->failure_) {
      std::string bytes = std::exchange(self->outbox_, {});
      error_code error;
      co_await self->stream_->Write(bytes, error);
      // It may hold a password.
      Wipe(bytes);
      if (error) self->End(Broken(error));
    }
    Wipe(self->outbox_);
    self->is_writing_ = false;
  }

  static asio::awaitable<void> ReadAll(std::shared_ptr<State> self) {
    std::array<char, kReadBytes> buffer;
    while (!self->failure_) {
      error_code error;
      const std::size_t size = co_await self->stream_->ReadSome(buffer, error);
      if (self->failure_) co_return;
      if (error) co_return self->End(Broken(error));
      self->Take({buffer.data(), size});
    }
  }

  void Take(std::string_view bytes) {
    reader_.Feed(bytes);
    while (auto reply = reader_.Next()) {
      if (!Deliver(*std::move(reply))) return;
    }
    if (reader_.is_broken()) {
      End({RedisErrorKind::kProtocol,
           "what answers is no Redis, or an answer is too large; check fleet.redis.address, and "
           "whether its port speaks TLS"});
    }
  }

  // False if the connection is over.
  bool Deliver(RedisReply reply) {
    if (on_message_ && IsMessage(reply)) {
      // The callback may end the connection.
      const auto call = on_message_;
      call(reply.elements[1].text, reply.elements[2].text);
      return !failure_;
    }
    if (callers_.empty()) {
      if (reply.IsError()) {
        End(ErrorOfReply(reply.text));
      } else {
        End({RedisErrorKind::kProtocol, "Redis sent an answer that nobody asked for"});
      }
      return false;
    }
    Caller& caller = *callers_.front();
    caller.replies.push_back(std::move(reply));
    if (caller.replies.size() == caller.wanted) TakeFirst().answered.Wake();
    return true;
  }

  static bool IsMessage(const RedisReply& reply) {
    return reply.elements.size() == 3 && reply.elements[0].AsText() == "message";
  }

  static RedisError Broken(const error_code& error) {
    return {RedisErrorKind::kUnreachable,
            "the connection to Redis broke (" + error.message() + "); it is made anew"};
  }

  void RingAt(SteadyTime when) {
    rings_at_ = when;
    deadline_.Set(when, [this] { OnDeadline(); });
  }

  void OnDeadline() {
    const SteadyTime now = clock_.SteadyNow();
    if (now >= rings_at_ + kHeldUp && !std::exchange(had_respite_, true)) {
      return RingAt(now + kHeldUp);
    }
    had_respite_ = false;
    SteadyTime next = SteadyTime::max();
    for (const Caller* caller : callers_) {
      if (caller->deadline <= now) {
        return End({RedisErrorKind::kTimedOut, "Redis did not answer in time; check its load"});
      }
      next = std::min(next, caller->deadline);
    }
    rings_at_ = SteadyTime::max();
    if (next != SteadyTime::max()) RingAt(next);
  }

  const LoopExecutor executor_;
  Clock& clock_;
  const std::unique_ptr<ByteStream> stream_;
  OnMessage on_message_;
  ReplyReader reader_;
  std::string outbox_;
  bool is_writing_ = false;
  // In the order of their commands.
  std::list<Caller*> callers_;
  Alarm deadline_;
  SteadyTime rings_at_ = SteadyTime::max();
  bool had_respite_ = false;
  // Of who awaits the end.
  std::weak_ptr<Signal> end_;
  std::optional<RedisError> failure_;
};

RedisConnection::RedisConnection(LoopExecutor executor, Clock& clock,
                                 std::unique_ptr<ByteStream> stream, OnMessage on_message)
    : state_(std::make_shared<State>(executor, clock, std::move(stream), std::move(on_message))) {
  state_->Start();
}

RedisConnection::~RedisConnection() {
  state_->Silence();
  Close();
}

asio::awaitable<RedisResult<std::vector<RedisReply>>> RedisConnection::Call(RedisPipeline commands,
                                                                            SteadyTime deadline) {
  return State::Call(state_, std::move(commands), deadline);
}

bool RedisConnection::is_open() const { return !state_->failure(); }

const RedisError& RedisConnection::failure() const { return *state_->failure(); }

asio::awaitable<void> RedisConnection::AwaitEnd() { return State::AwaitEnd(state_); }

void RedisConnection::Close() {
  state_->End({RedisErrorKind::kUnreachable, "the connection to Redis was closed"});
}

}  // namespace balance
