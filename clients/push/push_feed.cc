#include "clients/push/push_feed.h"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <utility>

#include "clients/core/alarm.h"
#include "clients/resilience/growing_pause.h"

namespace balance {
namespace {

namespace asio = boost::asio;

// How often a pause that may end early is looked at again.
constexpr Duration kLongestWait = std::chrono::seconds(5);
// How long a venue has to answer a close frame.
constexpr Duration kLeave = std::chrono::seconds(1);

Error Silent(std::string_view venue) {
  Error error{ErrorKind::kUnreachable,
              std::string(venue) +
                  " said nothing on its WebSocket for too long; it is connected "
                  "to again."};
  error.is_transient = true;
  return error;
}

Error Outlived() {
  return {ErrorKind::kCancelled,
          "its credential was replaced; it is connected to with the new one"};
}

Error NoRoom() {
  Error error{
      ErrorKind::kUnreachable,
      "this service holds as many WebSockets as it may; the source is polled until one ends."};
  error.is_local = true;
  return error;
}

// As one of `venue`, like the errors of REST.
Error Named(std::string_view venue, Error error) {
  error.message = std::string(venue) + "'s WebSocket: " + error.message + ".";
  return error;
}

}  // namespace

// Outlives the feed by what is under way.
class PushFeed::Loop : public std::enable_shared_from_this<Loop> {
 public:
  Loop(LoopExecutor executor, Parts parts, Options options)
      : executor_(std::move(executor)),
        parts_(std::move(parts)),
        options_(options),
        silence_(executor_, parts_.clock),
        keep_alive_(executor_, parts_.clock) {}

  void Start() {
    asio::co_spawn(
        executor_, [self = shared_from_this()] { return self->Run(); },
        asio::bind_cancellation_slot(
            cancel_.slot(), [self = shared_from_this()](const std::exception_ptr& failure) {
              // A stopped loop ends by operation_aborted.
              if (failure && !self->is_stopped_) std::rethrow_exception(failure);
            }));
  }

  void Stop() {
    is_stopped_ = true;
    silence_.Cancel();
    keep_alive_.Cancel();
    // Its Receive() ends with the venue's answer.
    if (socket_) {
      silence_.Set(parts_.clock.SteadyNow() + kLeave, [socket = socket_] { socket->Abort(); });
      asio::co_spawn(executor_, Leave(socket_), asio::detached);
      return;
    }
    // Emitted from elsewhere, Asio would post the rest of it and not notice if the loop ends first;
    // and from here it might be the loop itself that is told to stop.
    asio::post(executor_, [self = shared_from_this()] {
      self->cancel_.emit(asio::cancellation_type::terminal);
    });
  }

  void Renew(std::shared_ptr<PushLogin> login) { parts_.credential.login = std::move(login); }

  bool is_up() const { return ready_since_.has_value(); }
  const PushCounters& counters() const { return counters_; }

 private:
  asio::awaitable<void> Run() {
    // Thousands of logins begin together.
    co_await Rest(Duration::zero(), 2 * options_.least_pause);
    while (!is_stopped_) {
      const Credential* credential = co_await AwaitPermission();
      if (is_stopped_) co_return;
      const PushReturn how = co_await Connect(*credential);
      socket_place_.reset();
      request_place_.reset();
      if (is_stopped_) co_return;
      DropPrevious(nullptr);
      if (const auto longest = LongestPauseBefore(how)) {
        co_await Rest(options_.least_pause, *longest);
      }
    }
  }

  // The credential to connect with.
  const Credential& Chosen() const {
    const bool is_replaced = !parts_.previous || parts_.previous->rotation->IsOver();
    const bool is_held_off =
        HeldOffUntil(parts_.credential, parts_.clock.Time()) != SteadyTime::min();
    return is_replaced || !is_held_off ? parts_.credential : parts_.previous->credential;
  }

  // Lets go of the credential before once the replacement is over, unless it is that of `login`.
  void DropPrevious(const PushLogin* login) {
    if (!parts_.previous || !parts_.previous->rotation->IsOver()) return;
    if (parts_.previous->credential.login.get() != login) parts_.previous.reset();
  }

  // The least time if nothing is held off.
  static SteadyTime HeldOffUntil(const Credential& credential, Now now) {
    SteadyTime until = SteadyTime::min();
    for (const auto& hold_off : {credential.hold_off, credential.socket_hold_off}) {
      if (hold_off->Because(now)) until = std::max(until, hold_off->Until());
    }
    return until;
  }

  // The time before which REST would send nothing with the credential, or the venue wants no socket
  // of it.
  static SteadyTime ForbiddenUntil(const Credential& credential, Now now) {
    return std::max(credential.pacer->BlockedUntil(), HeldOffUntil(credential, now));
  }

  // Waits for everything that a connection needs: room for a socket, and a turn of a credential
  // with which REST would send something. Null if the feed is stopped meanwhile.
  asio::awaitable<const Credential*> AwaitPermission() {
    while (!is_stopped_) {
      const Credential& credential = Chosen();
      const Now now = parts_.clock.Time();
      if (const SteadyTime until = ForbiddenUntil(credential, now); until > now.steady) {
        socket_place_.reset();
        co_await parts_.clock.SleepUntil(std::min(until, now.steady + kLongestWait));
      } else if (parts_.socket_slots && !socket_place_) {
        co_await TakeSocketPlace();
      } else if (co_await TakeTurn(credential, SteadyTime::max(), NeedsRequest(credential)) &&
                 &Chosen() == &credential) {
        co_return &credential;
      }
    }
    co_return nullptr;
  }

  asio::awaitable<void> TakeSocketPlace() {
    socket_place_ = parts_.socket_slots->TryTake();
    if (socket_place_) co_return;
    parts_.observer.OnPushFailure(PushEnd::kNoRoom, NoRoom());
    if (is_stopped_) co_return;
    FetchProgress progress;
    progress.urgent = false;
    socket_place_ = co_await parts_.socket_slots->Take(progress, SteadyTime::max());
  }

  // Whether a connection is prepared by a request.
  static bool NeedsRequest(const Credential& credential) {
    return credential.login->requests_of_a_connection() > 1;
  }

  // Waits for a turn, which is to be used at once; with `and_place`, also for a connection of REST.
  // Returns whether there was one.
  asio::awaitable<bool> TakeTurn(const Credential& credential, SteadyTime deadline,
                                 bool and_place) {
    FetchProgress progress;
    progress.urgent = false;
    Pacer::Terms terms;
    terms.deadline = deadline;
    if (and_place) terms.has_room = HasRequestPlace();
    const Pacer::End end = co_await credential.pacer->Turn(progress, std::move(terms));
    if (end == Pacer::End::kNoRoom) {
      co_await parts_.clock.SleepUntil(parts_.clock.SteadyNow() + kLongestWait);
    }
    co_return end == Pacer::End::kTurn;
  }

  std::function<bool()> HasRequestPlace() {
    return [this] {
      if (!parts_.request_slots) return true;
      request_place_ = parts_.request_slots->TryTake();
      return request_place_.has_value();
    };
  }

  asio::awaitable<PushReturn> Connect(const Credential& credential) {
    // Renew() may put another one in its place meanwhile.
    const std::shared_ptr<PushLogin> login = credential.login;
    const SteadyTime began = parts_.clock.SteadyNow();
    auto request = co_await login->Prepare();
    request_place_.reset();
    if (is_stopped_) co_return PushReturn::kBackOff;
    if (!request) co_return Failed(credential, std::move(request.error()));
    const WipedAtEnd wiped(*request);
    if (NeedsRequest(credential)) {
      const SteadyTime end = began + options_.longest_preparation;
      const bool may_go = co_await TakeTurn(credential, end, false);
      if (is_stopped_ || !may_go) co_return PushReturn::kBackOff;
    }
    auto answer = co_await parts_.connector.Open(*std::move(request));
    if (is_stopped_) co_return PushReturn::kBackOff;
    if (!answer) {
      co_return Failed(credential, Named(login->name(), std::move(answer.error())));
    }
    if (!answer->socket) co_return Failed(credential, login->Classify(answer->refusal));
    ++counters_.opened;
    credential.socket_hold_off->Clear();
    rejected_times_ = 0;
    socket_ = std::move(answer->socket);
    const PushReturn how = co_await Serve(*login);
    silence_.Cancel();
    keep_alive_.Cancel();
    socket_.reset();
    co_return how;
  }

  // Speaks on socket_ until it is over.
  asio::awaitable<PushReturn> Serve(PushLogin& login) {
    const auto socket = socket_;
    const auto protocol = login.NewProtocol();
    was_silent_ = false;
    heard_at_ = parts_.clock.SteadyNow();
    WatchSilence();
    KeepAlive(protocol->KeepAlive());
    std::optional<Error> failure;
    PushEnd why = PushEnd::kBroken;
    if (const std::string opening = protocol->Opening(); !opening.empty()) {
      co_await socket->Send(opening);
    }
    while (!failure && !is_stopped_) {
      auto message = co_await socket->Receive();
      if (is_stopped_) break;
      if (message) {
        why = PushEnd::kRefused;
        failure = Hear(protocol->OnMessage(*message));
        if (is_stopped_) break;
        DropPrevious(&login);
      } else {
        why = WhyEnded(*socket, message.error());
        failure = std::move(message.error());
      }
      if (!failure && IsOutlived(login)) {
        why = PushEnd::kReplaced;
        failure = Outlived();
      }
    }
    if (is_stopped_) co_return PushReturn::kBackOff;
    socket->Abort();
    NoteDown();
    if (!is_stopped_) {
      parts_.observer.OnPushFailure(
          why, was_silent_ ? Silent(login.name()) : Named(login.name(), *std::move(failure)));
    }
    co_return protocol->OnEnd(socket->close_code());
  }

  PushEnd WhyEnded(const WebSocket& socket, const Error& error) const {
    if (was_silent_) return PushEnd::kSilent;
    if (error.may_be_configuration) return PushEnd::kDistrusted;
    if (error.kind == ErrorKind::kReplyInvalid) return PushEnd::kRefused;
    return socket.close_code() ? PushEnd::kClosed : PushEnd::kBroken;
  }

  // Whether the socket is that of a credential that has been replaced.
  bool IsOutlived(const PushLogin& login) const {
    return parts_.previous && &login == parts_.previous->credential.login.get() &&
           parts_.previous->rotation->IsOver();
  }

  // Returns why the socket is of no more use, or nothing.
  std::optional<Error> Hear(PushReaction reaction) {
    ++counters_.messages;
    heard_at_ = parts_.clock.SteadyNow();
    if (reaction.is_ready && !ready_since_) {
      ready_since_ = heard_at_;
      parts_.observer.OnPushState(true);
    }
    if ((reaction.is_hint || reaction.is_ready) && !is_stopped_) {
      ++counters_.hints;
      parts_.observer.OnHint();
    }
    return std::move(reaction.failure);
  }

  void NoteDown() {
    if (!ready_since_) return;
    if (parts_.clock.SteadyNow() - *ready_since_ >= options_.healthy_after) failures_ = 0;
    ready_since_.reset();
    parts_.observer.OnPushState(false);
  }

  PushReturn Failed(const Credential& credential, Error error) {
    ++counters_.failed;
    switch (error.kind) {
      case ErrorKind::kCredentialsRejected:
        credential.hold_off->OnRejected(parts_.clock.Time(), error);
        break;
      case ErrorKind::kForbidden:
        credential.socket_hold_off->OnRejected(parts_.clock.Time(), error);
        break;
      case ErrorKind::kClockSkew:
        // The next attempt is signed by what the refusal has told of the venue's clock.
        if (rejected_times_++ > 0) {
          credential.socket_hold_off->OnRejected(parts_.clock.Time(), error);
        }
        break;
      case ErrorKind::kRateLimited:
        credential.pacer->OnRateLimited(error);
        break;
      default:
        if (error.retry_after) credential.pacer->OnPause(error);
        break;
    }
    parts_.observer.OnPushFailure(PushEnd::kNotConnected, error);
    return PushReturn::kBackOff;
  }

  // Unset: no pause.
  std::optional<Duration> LongestPauseBefore(PushReturn how) {
    const int failed_before = failures_++;
    // Only once until a socket was healthy: a venue that takes no credential, or each for a moment
    // only, must not be asked without end.
    if (how == PushReturn::kAtOnce && failed_before == 0) return std::nullopt;
    if (how == PushReturn::kLongest) return options_.longest_pause;
    return GrowingPause(2 * options_.least_pause, failed_before, options_.longest_pause);
  }

  // Full jitter between the two.
  asio::awaitable<void> Rest(Duration least, Duration longest) {
    const auto spread = static_cast<double>((longest - least).count());
    const Duration pause = least + Duration(static_cast<Duration::rep>(spread * parts_.random()));
    co_await parts_.clock.SleepUntil(parts_.clock.SteadyNow() + pause);
  }

  void WatchSilence() {
    silence_.Set(heard_at_ + options_.longest_silence, [this] {
      if (parts_.clock.SteadyNow() < heard_at_ + options_.longest_silence) return WatchSilence();
      was_silent_ = true;
      ++counters_.silent;
      socket_->Abort();
    });
  }

  void KeepAlive(std::string message) {
    if (message.empty()) return;
    keep_alive_.Set(
        parts_.clock.SteadyNow() + options_.keep_alive, [this, message = std::move(message)] {
          if (!std::exchange(is_sending_, true)) {
            asio::co_spawn(executor_, SendKeepAlive(shared_from_this(), message), asio::detached);
          }
          KeepAlive(message);
        });
  }

  static asio::awaitable<void> Leave(std::shared_ptr<WebSocket> socket) {
    co_await socket->Close();
  }

  static asio::awaitable<void> SendKeepAlive(std::shared_ptr<Loop> self, std::string message) {
    const auto socket = self->socket_;
    // What fails to be sent is seen by Receive().
    if (socket) co_await socket->Send(std::move(message));
    self->is_sending_ = false;
  }

  const LoopExecutor executor_;
  Parts parts_;
  const Options options_;
  asio::cancellation_signal cancel_;
  bool is_stopped_ = false;
  std::optional<HostSlots::Slot> socket_place_;
  std::optional<HostSlots::Slot> request_place_;
  // Null while there is none. Sends that are under way keep it.
  std::shared_ptr<WebSocket> socket_;
  Alarm silence_;
  Alarm keep_alive_;
  bool is_sending_ = false;
  bool was_silent_ = false;
  SteadyTime heard_at_;
  // Since when changes are told; unset: they are not.
  std::optional<SteadyTime> ready_since_;
  // Returns to the venue since a socket was last healthy.
  int failures_ = 0;
  // Times of requests that the venue has rejected since a socket was last opened.
  int rejected_times_ = 0;
  PushCounters counters_;
};

PushFeed::PushFeed(LoopExecutor executor, Parts parts, Options options)
    : loop_(std::make_shared<Loop>(executor, std::move(parts), options)) {
  loop_->Start();
}

PushFeed::~PushFeed() { loop_->Stop(); }

void PushFeed::Renew(std::shared_ptr<PushLogin> login) { loop_->Renew(std::move(login)); }

bool PushFeed::is_up() const { return loop_->is_up(); }

const PushCounters& PushFeed::counters() const { return loop_->counters(); }

}  // namespace balance
