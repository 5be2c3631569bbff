#pragma once

// A transport with methods that do what a test asks of them.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "clients/core/clock.h"
#include "clients/core/mutex.h"
#include "service/transport/transport_server.h"
#include "tests/support/fake_clock.h"
#include "tests/support/h2_client.h"

namespace balance {

inline SharedBytes ToShared(std::string_view text) {
  return {text.size(), [text](unsigned char* to) { std::memcpy(to, text.data(), text.size()); }};
}

// Calls that are kept until the test finishes them, from its own thread. Thread-safe.
class HeldCalls {
 public:
  void Hold(Call& call) {
    call.Keep(std::make_unique<Work>(*this));
    const MutexLock lock(mutex_);
    held_.push_back(&call);
  }
  // Null while there is none.
  Call* Take() {
    const MutexLock lock(mutex_);
    if (held_.empty()) return nullptr;
    Call* const call = held_.front();
    held_.pop_front();
    return call;
  }
  std::size_t size() const {
    const MutexLock lock(mutex_);
    return held_.size();
  }
  int callers_left() const { return callers_left_; }

 private:
  class Work final : public CallWork {
   public:
    explicit Work(HeldCalls& calls) : calls_(calls) {}
    void OnCallerLeft() override { ++calls_.callers_left_; }

   private:
    HeldCalls& calls_;
  };

  mutable Mutex mutex_;
  std::deque<Call*> held_ BALANCE_GUARDED_BY(mutex_);
  std::atomic<int> callers_left_ = 0;
};

// Wakers that handlers give to a test. Thread-safe.
class HeldWakers {
 public:
  void Hold(std::shared_ptr<StreamWaker> waker) {
    const MutexLock lock(mutex_);
    held_.push_back(std::move(waker));
  }
  void WakeAll() {
    const MutexLock lock(mutex_);
    for (const auto& waker : held_) waker->Wake();
  }
  std::size_t size() const {
    const MutexLock lock(mutex_);
    return held_.size();
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::shared_ptr<StreamWaker>> held_ BALANCE_GUARDED_BY(mutex_);
};

// Writes one message again and again, as fast as the peer takes it, and counts.
class Repeater final : public StreamHandler {
 public:
  struct Counts {
    std::atomic<int> written = 0;
    std::atomic<int> left = 0;
    std::atomic<int> destroyed = 0;
  };

  Repeater(std::string message, int times, Counts& counts)
      : message_(ToShared(message)), left_(times), counts_(counts) {}
  ~Repeater() override { ++counts_.destroyed; }

  void Begin(ServerStream& stream) {
    stream_ = &stream;
    OnWritable();
  }
  void OnWritable() override {
    for (; left_ > 0 && stream_->CanWrite(message_.size()); --left_) {
      stream_->Write(message_);
      ++counts_.written;
    }
    if (left_ == 0) stream_->Finish({});
    if (left_ == 0) left_ = -1;
  }
  void OnCallerLeft() override { ++counts_.left; }

 private:
  const SharedBytes message_;
  int left_;
  Counts& counts_;
  ServerStream* stream_ = nullptr;
};

// Sends each message back.
class Echoes final : public StreamHandler {
 public:
  void Begin(ServerStream& stream) { stream_ = &stream; }
  void OnMessage(std::string_view message) override {
    waiting_.emplace_back(message);
    OnWritable();
  }
  void OnMessagesEnd() override {
    has_ended_ = true;
    OnWritable();
  }
  void OnWritable() override {
    if (!waiting_.empty() && stream_->CanWrite(waiting_.front().size())) {
      stream_->Write(ToShared(waiting_.front()));
      waiting_.pop_front();
    }
    if (!waiting_.empty()) {
      stream_->CanWrite(waiting_.front().size());
    } else if (has_ended_) {
      stream_->Finish({StatusCode::kAborted, "that was all", {}});
    }
  }

 private:
  ServerStream* stream_ = nullptr;
  std::deque<std::string> waiting_;
  bool has_ended_ = false;
};

class TransportTest : public ::testing::Test {
 protected:
  TransportTest() {
    AddUnary("Echo", [](Call& call) { call.Finish(Response(ToShared(call.request())), {}); });
    AddUnary("Fail", [](Call& call) {
      call.Finish({}, {StatusCode::kUnavailable, "100 % \xc3\xbc", "\x08\x0e"});
    });
    AddUnary("Hold", [this](Call& call) { held_.Hold(call); });
    AddUnary("Large", [this](Call& call) { call.Finish(Response(large_), {}); });
    methods_.Add({"t.T", "Repeat", MethodKind::kServerStreaming,
                  [this](Call& call) { Repeat(call, repeated_, times_); }});
    methods_.Add({"t.T", "Echoes", MethodKind::kBidiStreaming, [](Call& call) {
                    auto handler = std::make_unique<Echoes>();
                    Echoes& opened = *handler;
                    opened.Begin(call.Open(std::move(handler)));
                  }});
  }

  // The server waits for every call that is held, also after a failure.
  ~TransportTest() override {
    while (Call* held = held_.Take()) held->Finish({}, {});
  }

  void AddUnary(const char* name, std::function<void(Call&)> handle) {
    methods_.Add({"t.T", name, MethodKind::kUnary, std::move(handle)});
  }

  // The clock that the server takes the time from.
  virtual Clock& time() { return clock_; }

  // A method that writes `message` so often.
  void AddRepeater(const char* name, std::string message, int times) {
    methods_.Add({"t.T", name, MethodKind::kServerStreaming,
                  [this, message = std::move(message), times](Call& call) {
                    Repeat(call, message, times);
                  }});
  }

  void Start() {
    server_ = std::make_unique<TransportServer>(methods_, time(),
                                                TransportServer::Options{limits_, loops_});
    const auto port = server_->Start("127.0.0.1", 0, tls_);
    ASSERT_TRUE(port) << port.error().message;
    port_ = *port;
  }

  // Until the condition holds, 10 s at most.
  static bool Eventually(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  void Repeat(Call& call, const std::string& message, int times) {
    auto handler = std::make_unique<Repeater>(message, times, counts_);
    Repeater& opened = *handler;
    opened.Begin(call.Open(std::move(handler)));
  }

  Call& TakeHeld() {
    Call* call = nullptr;
    Eventually([&] { return (call = held_.Take()) != nullptr; });
    return *call;
  }

  SystemClock clock_;
  MethodTable methods_;
  TransportLimits limits_;
  int loops_ = 2;
  // Null: plaintext.
  std::shared_ptr<const TlsContext> tls_;
  HeldCalls held_;
  SharedBytes large_ = ToShared(std::string(std::size_t{1} << 20U, 'x'));
  std::string repeated_ = "again";
  int times_ = 3;
  Repeater::Counts counts_;
  std::uint16_t port_ = 0;
  // Ends before what its handlers use.
  std::unique_ptr<TransportServer> server_;
};

// Time is that of the server's loop, which moves it when it is asked to. The method Last ends a
// stream right behind its only message.
class LoopTimeTest : public TransportTest {
 protected:
  // `size` is that of the message.
  explicit LoopTimeTest(std::size_t size) : last_(ToShared(std::string(size, 'x'))) {
    AddUnary("Advance", [this](Call& call) {
      loop_clock_.Advance(std::chrono::milliseconds(std::stoi(std::string(call.request()))));
      // For a message there may be no window.
      call.Finish({}, {StatusCode::kAborted, "done", {}});
    });
    methods_.Add({"t.T", "Last", MethodKind::kServerStreaming, [this](Call& call) {
                    ServerStream& stream = call.Open(std::make_unique<Repeater>("", 0, counts_));
                    stream.Write(last_);
                    stream.Finish({StatusCode::kAborted, "that was all", {}});
                  }});
  }

  // Whoever was to be called by then has been.
  static void Advance(H2Client& client, std::chrono::milliseconds by) {
    client.Ask("/t.T/Advance", std::to_string(by.count()));
    client.Ask("/t.T/Fail", "");
  }

  const SharedBytes last_;
  FakeClock loop_clock_;
};

}  // namespace balance
