#include "clients/balancectl/watch.h"

#include <google/protobuf/util/json_util.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <ostream>
#include <random>
#include <thread>
#include <utility>

#include "clients/balancectl/exit_code.h"
#include "clients/balancectl/render_table.h"
#include "clients/balancectl/rpc_error.h"
#include "clients/balancectl/tls_check.h"
#include "clients/balancectl/watch_view.h"
#include "clients/core/boot_clock.h"
#include "clients/core/mutex.h"

namespace balance::ctl {
namespace {

using Message = v1::WatchAccountSnapshotsResponse;

// Interval at which Ctrl-C is noticed and ages on the screen are renewed.
constexpr auto kTick = std::chrono::milliseconds(100);
constexpr auto kRedraw = std::chrono::seconds(1);
// Pauses before the stream is called again: each at most twice as long as the one before.
constexpr std::chrono::milliseconds kFirstPause(200);
constexpr std::chrono::milliseconds kLongestPause(5000);
constexpr std::chrono::seconds kSilenceMargin(1);
// A server counts a shorter heartbeat interval as this.
constexpr std::chrono::milliseconds kLeastInterval(500);

// One call of the method, read on a thread of its own.
class Attempt {
 public:
  Attempt(v1::BalanceService::Stub& stub, const v1::WatchAccountSnapshotsRequest& request,
          const std::string& token) {
    if (!token.empty()) context_.AddMetadata("authorization", "Bearer " + token);
    thread_ = std::thread([this, &stub, request] { Read(stub, request); });
  }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
  ~Attempt() {
    Cancel();
    thread_.join();
  }

  void Cancel() { context_.TryCancel(); }

  // The next message, or nothing if none came within `patience` or the call has ended.
  std::optional<Message> Take(BootClock::duration patience) {
    const MutexLock lock(mutex_);
    has_news_.WaitFor(mutex_, patience,
                      [this]() BALANCE_REQUIRES(mutex_) { return !messages_.empty() || status_; });
    if (messages_.empty()) return std::nullopt;
    Message message = std::move(messages_.front());
    messages_.pop_front();
    return message;
  }
  // Status with which the call ended; nullopt while it goes on or messages are left to be taken.
  std::optional<grpc::Status> status() {
    const MutexLock lock(mutex_);
    return messages_.empty() ? status_ : std::nullopt;
  }

 private:
  void Read(v1::BalanceService::Stub& stub, const v1::WatchAccountSnapshotsRequest& request) {
    const auto reader = stub.WatchAccountSnapshots(&context_, request);
    Message message;
    while (reader->Read(&message)) {
      const MutexLock lock(mutex_);
      messages_.push_back(std::move(message));
      has_news_.NotifyOne();
    }
    const grpc::Status status = reader->Finish();
    const MutexLock lock(mutex_);
    status_ = status;
    has_news_.NotifyOne();
  }

  grpc::ClientContext context_;
  std::thread thread_;
  Mutex mutex_;
  ConditionVariable has_news_;
  std::deque<Message> messages_ BALANCE_GUARDED_BY(mutex_);
  std::optional<grpc::Status> status_ BALANCE_GUARDED_BY(mutex_);
};

// True if a failure with this status may pass, so that another call is worth making.
bool IsPassing(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::OK:
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return true;
    default:
      return false;
  }
}

class Watcher {
 public:
  Watcher(const Args& args, const Surroundings& surroundings, const std::string& token,
          v1::BalanceService::Stub& stub)
      : args_(args), surroundings_(surroundings), token_(token), stub_(stub) {
    request_ = args.watch;
    request_.mutable_names()->Add(args.accounts.begin(), args.accounts.end());
    request_.mutable_sources()->Add(args.sources.begin(), args.sources.end());
    request_.set_fund_class(args.fund_class);
    request_.set_view(args.view);
    if (args.policy.has_max_age()) *request_.mutable_max_age() = args.policy.max_age();
  }

  int Run() {
    while (!IsOver()) {
      const grpc::Status status = Follow();
      if (IsOver()) break;
      if (!view_.is_complete_state() || !IsPassing(status)) return Fail(status);
      view_.OnLost(DescribeRpcError(status, args_.server), surroundings_.now());
      if (args_.output == Output::kJson || !surroundings_.updates_in_place) {
        surroundings_.err << "balancectl: " << DescribeRpcError(status, args_.server)
                          << "; trying again\n";
      }
      Pause();
    }
    if (IsDrawn()) Draw();
    return is_broken_ ? kExitFailed : view_.ExitCode();
  }

 private:
  bool IsDrawn() const { return args_.output == Output::kTable && surroundings_.updates_in_place; }
  bool IsOver() {
    if (is_broken_ || surroundings_.is_stopped()) return true;
    return args_.timeout != std::chrono::nanoseconds::max() &&
           BootClock::now() - began_ >= args_.timeout;
  }

  // Follows one call to its end.
  grpc::Status Follow() {
    view_.OnBegin();
    Attempt attempt(stub_, request_, token_);
    auto heard = BootClock::now();
    bool is_silent = false;
    for (;;) {
      if (const auto message = attempt.Take(kTick)) {
        heard = BootClock::now();
        pause_ = kFirstPause;
        Take(*message);
      } else if (const auto status = attempt.status()) {
        return is_silent ? grpc::Status(grpc::StatusCode::UNAVAILABLE,
                                        "the server was silent for too long")
                         : *status;
      }
      if (IsOver()) return grpc::Status::CANCELLED;
      // A dead way to the server shows by nothing else.
      const bool is_late = BootClock::now() - heard > 2 * Interval() + kSilenceMargin;
      if (is_late && !std::exchange(is_silent, true)) attempt.Cancel();
      Tick();
    }
  }

  // Interval of the server's heartbeats: as it announced, else as the request asked.
  std::chrono::nanoseconds Interval() const {
    if (view_.is_complete_state() || !request_.has_heartbeat_interval()) return view_.interval();
    return std::max<std::chrono::nanoseconds>(ToNanoseconds(request_.heartbeat_interval()),
                                              kLeastInterval);
  }

  void Take(const Message& message) {
    view_.Apply(message, surroundings_.now());
    if (message.has_goodbye()) {
      reconnect_after_ = ToNanoseconds(message.goodbye().reconnect_after());
    }
    if (args_.output == Output::kJson) {
      std::string text;
      if (google::protobuf::util::MessageToJsonString(message, &text).ok()) Write(text + "\n");
    } else if (surroundings_.updates_in_place) {
      is_dirty_ = true;
    } else if (message.has_snapshot()) {
      Write(RenderSnapshot(message.snapshot(), surroundings_.now(), surroundings_.canvas) + "\n");
    } else if (!message.removed().empty()) {
      Write(SafeText(message.removed()) + " is gone\n\n");
    }
  }

  void Tick() {
    if (!IsDrawn()) return;
    const auto now = BootClock::now();
    if (is_dirty_ || now - drawn_ >= kRedraw) Draw();
  }

  // Draws over what was drawn before, without a moment in which nothing is there.
  void Draw() {
    drawn_ = BootClock::now();
    is_dirty_ = false;
    const Screen screen = surroundings_.screen();
    Canvas canvas = surroundings_.canvas;
    canvas.width = screen.columns;
    const std::string text = view_.Render(surroundings_.now(), args_.server, canvas);
    std::string out = is_drawn_ ? "\x1b[H" : "\x1b[2J\x1b[H";
    is_drawn_ = true;
    std::size_t row = 0;
    for (std::size_t at = 0; at < text.size(); ++row) {
      const std::size_t end = text.find('\n', at);
      if (screen.rows > 1 && row + 2 >= screen.rows && end + 1 < text.size()) {
        const auto left =
            std::count(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), '\n');
        out += "... " + std::to_string(left) + " more lines\x1b[K\n";
        break;
      }
      out.append(text, at, end - at);
      out += "\x1b[K\n";
      at = end + 1;
    }
    Write(out + "\x1b[J");
  }

  void Write(const std::string& text) {
    surroundings_.out << text << std::flush;
    if (surroundings_.out || is_broken_) return;
    surroundings_.err << "balancectl: cannot write the answer\n";
    is_broken_ = true;
  }

  void Pause() {
    std::chrono::nanoseconds pause = std::uniform_int_distribution<std::chrono::nanoseconds::rep>(
                                         0, std::chrono::nanoseconds(pause_).count())(random_) *
                                     std::chrono::nanoseconds(1);
    if (const auto told = std::exchange(reconnect_after_, std::nullopt)) pause = *told;
    pause_ = std::min(2 * pause_, kLongestPause);
    const auto end = BootClock::now() + pause;
    while (BootClock::now() < end && !IsOver()) {
      std::this_thread::sleep_for(std::min<BootClock::duration>(kTick, end - BootClock::now()));
      Tick();
    }
  }

  int Fail(const grpc::Status& status) {
    if (IsDrawn() && is_drawn_) Draw();
    const std::string hint = ConnectionHint(status, args_.tls);
    surroundings_.err << "balancectl: " << DescribeRpcError(status, args_.server)
                      << (hint.empty() ? "" : "; " + SafeText(hint)) << "\n";
    return kExitFailed;
  }

  const Args& args_;
  const Surroundings& surroundings_;
  const std::string& token_;
  v1::BalanceService::Stub& stub_;
  v1::WatchAccountSnapshotsRequest request_;
  const BootClock::time_point began_ = BootClock::now();
  WatchView view_;
  std::chrono::milliseconds pause_ = kFirstPause;
  std::optional<std::chrono::nanoseconds> reconnect_after_;
  std::minstd_rand random_{std::random_device()()};
  BootClock::time_point drawn_;
  bool is_drawn_ = false;
  bool is_dirty_ = false;
  // The output cannot be written.
  bool is_broken_ = false;
};

}  // namespace

int Watch(const Args& args, const Surroundings& surroundings, const std::string& token,
          v1::BalanceService::Stub& stub) {
  return Watcher(args, surroundings, token, stub).Run();
}

}  // namespace balance::ctl
