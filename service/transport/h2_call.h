#pragma once

// A call on a stream of an HTTP/2 connection.

#include <nghttp2/nghttp2.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "clients/core/alarm.h"
#include "service/transport/call.h"
#include "service/transport/grpc_wire.h"
#include "service/transport/loop_mailbox.h"
#include "service/transport/method_table.h"
#include "service/transport/out_buffer.h"

namespace balance {

class H2Session;
class TransportLoop;

class H2StreamWaker;

// Belongs to its loop, which uses it again for another stream. It is in use from the first header
// on until its stream is closed and its handler has finished it, whichever comes last. Everything
// is called on the loop's thread but Call::Finish().
class H2Call final : public Call, private ServerStream {
 public:
  explicit H2Call(TransportLoop& loop) : loop_(loop) {}
  H2Call(const H2Call&) = delete;
  H2Call& operator=(const H2Call&) = delete;
  ~H2Call() override;

  // --- Call -------------------------------------------------------------------------------------

  std::optional<SteadyTime> deadline() const override { return deadline_; }
  const Metadata& metadata() const override { return metadata_; }
  const PeerIdentity& identity() const override;
  std::string peer() const override;
  std::string_view request() const override;
  void Keep(std::unique_ptr<CallWork> work) override;
  void Finish(Response response, CallStatus status) override;
  ServerStream& Open(std::unique_ptr<StreamHandler> handler) override;

  // --- Of the session ---------------------------------------------------------------------------

  void Begin(H2Session& session, std::int32_t id);
  void OnHeader(std::string_view name, std::string_view value);
  void OnHeadersEnd();
  void OnData(std::span<const unsigned char> bytes);
  void OnRequestEnd();
  // The stream is closed, or its connection is gone. Must not be used afterwards.
  void OnClosed(bool was_complete);
  // The windows may have opened.
  void OnWindow();
  // The last frame of the answer has left. The peer need not send the rest of its request, if there
  // is one; nghttp2 would drop the answer if it were told before.
  void OnAnswerSent();
  // Calls the handler of a stream that may write again.
  void TellWritable();
  // Appends the next `size` bytes of the answer, which the data provider has announced.
  void Gather(OutBuffer& out, std::size_t size);

  // --- Of the loop ------------------------------------------------------------------------------

  // Finish() was called on another thread.
  void OnFinished();
  void OnWake();

  // Links of the session's list.
  H2Call* next_call = nullptr;
  H2Call** to_this_call = nullptr;
  // Whether it stands in the session's list of streams that may write.
  bool is_queued_writable = false;

 private:
  // Of a call that is a stream.
  struct Stream {
    std::unique_ptr<StreamHandler> handler;
    std::shared_ptr<H2StreamWaker> waker;
    // The message under way; `sent` counts its prefix too.
    SharedBytes message;
    std::array<unsigned char, kMessagePrefixSize> prefix{};
    std::size_t sent = 0;
    bool has_message = false;
    // nghttp2 was told that there is nothing to send, and must be told of more.
    bool is_deferred = false;
    bool wants_writable = false;
    // The handler ended it; it is told of nothing more.
    bool is_finished = false;
    CallStatus status;
  };

  // --- ServerStream -----------------------------------------------------------------------------

  bool CanWrite(std::size_t size) override;
  void Write(SharedBytes message) override;
  void Finish(CallStatus status) override;
  void Abort(CallStatus status) override;
  std::shared_ptr<StreamWaker> waker() override;

  static ssize_t ReadAnswer(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t room,
                            std::uint32_t* flags, nghttp2_data_source* source, void*);
  static ssize_t ReadStream(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t room,
                            std::uint32_t* flags, nghttp2_data_source* source, void*);

  void TakeGrpcHeader(std::string_view name, std::string_view value);
  // Why no handler may see the call; unset if one may.
  std::optional<CallStatus> Objection() const;
  // As a message that came whole; unset if it is one.
  std::optional<CallStatus> ObjectionToRequest() const;
  void TakeMessages();
  void Handle();
  void WatchDeadline();
  void OnDeadline();
  void TellCallerLeft();
  // Answers in place of a handler.
  void Refuse(const CallStatus& status);
  // Answers somebody who does not speak gRPC, in words.
  void RefuseHttp(std::string_view http_status, std::string_view words);
  void SubmitAnswer();
  void SubmitStatusOnly(const CallStatus& status);
  void SubmitTrailers(const CallStatus& status);
  void DropRequest();
  void EndStreamByStatus(CallStatus status);
  // The same in place of the handler, which hears that it is over.
  void BreakStream(CallStatus status);
  void ReleaseIfOver();
  void Reset();

  TransportLoop& loop_;
  H2Session* session_ = nullptr;
  std::int32_t id_ = 0;
  const Method* method_ = nullptr;
  bool is_post_ = false;
  bool is_grpc_ = false;
  bool is_compressed_ = false;
  bool has_bad_timeout_ = false;
  bool has_handler_ = false;
  bool is_in_handler_ = false;
  bool is_finished_ = false;
  bool is_answered_ = false;
  bool is_closed_ = true;
  bool request_has_ended_ = false;
  // Its work was told so.
  bool caller_has_left_ = false;
  // Of an answer that is a message of gRPC, not words for a person.
  bool has_prefix_ = true;
  std::size_t header_bytes_ = 0;
  // Bytes that the session counts as a part of an unfinished request.
  std::size_t unfinished_bytes_ = 0;
  std::size_t untaken_bytes_ = 0;
  std::optional<SteadyTime> deadline_;
  Metadata metadata_;
  // As received: prefixes and messages. Of a bidirectional call only what is not a whole message.
  std::string body_;
  std::unique_ptr<CallWork> work_;
  std::optional<Alarm> deadline_alarm_;
  Response response_;
  CallStatus status_;
  std::array<unsigned char, kMessagePrefixSize> prefix_{};
  std::size_t sent_ = 0;
  std::unique_ptr<Stream> stream_;
};

// Lets other threads wake the handler of a stream that may be over by then.
class H2StreamWaker final : public StreamWaker, public std::enable_shared_from_this<H2StreamWaker> {
 public:
  H2StreamWaker(std::shared_ptr<LoopMailbox> mailbox, H2Call& call)
      : mailbox_(std::move(mailbox)), call_(&call) {}

  void Wake() override;

  // --- Of the loop's thread ---------------------------------------------------------------------

  void Deliver();
  void Detach() { call_ = nullptr; }

 private:
  const std::shared_ptr<LoopMailbox> mailbox_;
  std::atomic<bool> is_pending_ = false;
  H2Call* call_;
};

}  // namespace balance
