#pragma once

// A call on a stream of an HTTP/2 connection.

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "clients/core/alarm.h"
#include "service/transport/answer_headers.h"
#include "service/transport/call.h"
#include "service/transport/h2_request.h"
#include "service/transport/h2_server_stream.h"
#include "service/transport/out_buffer.h"
#include "service/transport/unary_answer.h"

namespace balance {

class H2Session;
class TransportLoop;

// Belongs to its loop, which uses it again for another stream. It is in use from the first header
// on until its stream is closed and its handler has finished it, whichever comes last. Everything
// is called on the loop's thread but Call::Finish().
class H2Call final : public Call {
 public:
  explicit H2Call(TransportLoop& loop) : loop_(loop), request_(loop) {}
  H2Call(const H2Call&) = delete;
  H2Call& operator=(const H2Call&) = delete;
  ~H2Call() override;

  // --- Call -------------------------------------------------------------------------------------

  std::optional<SteadyTime> deadline() const override { return request_.deadline(); }
  const Metadata& metadata() const override { return request_.metadata(); }
  const PeerIdentity& identity() const override;
  std::string peer() const override;
  std::string_view request() const override { return request_.message(); }
  void Keep(std::unique_ptr<CallWork> work) override;
  void Finish(Response response, CallStatus status) override;
  ServerStream& Open(std::unique_ptr<StreamHandler> handler) override;

  // --- Of the session ---------------------------------------------------------------------------

  void Begin(H2Session& session, std::int32_t id);
  // False if no more headers are to come.
  bool OnHeader(std::string_view name, std::string_view value) {
    return request_.OnHeader(name, value);
  }
  void OnHeadersEnd();
  void OnData(std::span<const unsigned char> bytes);
  void OnRequestEnd();
  // Bytes were read, and this is what they held. An alarm for what is not whole by now is worth its
  // cost; most requests come with one read.
  void OnReadEnd() {
    if (is_awaiting_end_ && !deadline_alarm_) WatchDeadline();
  }
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

  // --- Of its stream ----------------------------------------------------------------------------

  TransportLoop& loop() { return loop_; }
  // Null for a call that is none.
  H2ServerStream* stream() { return stream_.get(); }
  // It has a status: nothing that still comes of the request matters.
  void OnStreamFinished();

  // What the session keeps here:
  // NOLINTBEGIN(misc-non-private-member-variables-in-classes)

  // Links of a list of the session's.
  H2Call* next_call = nullptr;
  H2Call** to_this_call = nullptr;
  // Whether it stands in the session's list of streams that may write.
  bool is_queued_writable = false;
  // The session whose list of abandoned calls it stands in, as long as that lives; set by it.
  H2Session* abandoned_in = nullptr;

  // NOLINTEND(misc-non-private-member-variables-in-classes)

 private:
  static ssize_t ReadAnswer(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t room,
                            std::uint32_t* flags, nghttp2_data_source* source, void*);

  H2StreamId h2() const;
  bool is_bidi() const { return request_.method()->kind == MethodKind::kBidiStreaming; }
  // Why no handler may see the call; unset if one may.
  std::optional<CallStatus> Objection() const;
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
  void SubmitStatus(const CallStatus& status);
  nghttp2_data_provider Provider();
  // The headers were good; the message is to come, or nothing of it is of use any more.
  void AwaitEnd();
  void StopAwaitingEnd();
  void DropRequest();
  void CountCancelled();
  void ReleaseIfOver();
  void Reset();

  TransportLoop& loop_;
  H2Session* session_ = nullptr;
  // Of a call that is a stream.
  std::unique_ptr<H2ServerStream> stream_;
  std::int32_t id_ = 0;
  bool has_handler_ = false;
  bool is_in_handler_ = false;
  bool is_finished_ = false;
  bool is_answered_ = false;
  bool is_closed_ = true;
  bool request_has_ended_ = false;
  // The one message of a unary call is coming.
  bool is_awaiting_end_ = false;
  // Its work was told so.
  bool caller_has_left_ = false;
  // Its stream is closed, but its handler has not finished it.
  bool is_abandoned_ = false;
  bool is_counted_cancelled_ = false;
  // Bytes that the session counts as a part of an unfinished request.
  std::size_t unfinished_bytes_ = 0;
  std::size_t untaken_bytes_ = 0;
  H2Request request_;
  std::unique_ptr<CallWork> work_;
  std::optional<Alarm> deadline_alarm_;
  UnaryAnswer answer_;
};

}  // namespace balance
