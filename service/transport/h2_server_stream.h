#pragma once

// A call that is a stream, on a stream of an HTTP/2 connection.

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "clients/core/clock.h"
#include "service/transport/answer_headers.h"
#include "service/transport/out_buffer.h"
#include "service/transport/outgoing_message.h"
#include "service/transport/server_stream.h"

namespace balance {

class H2Call;
class H2Session;
class H2StreamWaker;

// Belongs to its call. Used on its loop's thread only. Thousands of streams are idle for most of
// their time, so what only a message or the end needs is not kept here.
class H2ServerStream final : public ServerStream {
 public:
  H2ServerStream(H2Call& call, H2Session& session, std::int32_t id,
                 std::unique_ptr<StreamHandler> handler);
  H2ServerStream(const H2ServerStream&) = delete;
  H2ServerStream& operator=(const H2ServerStream&) = delete;
  ~H2ServerStream() override;

  // --- ServerStream -----------------------------------------------------------------------------

  bool CanWrite(std::size_t size) override;
  bool IsWriting() const override { return message_ != nullptr; }
  void Write(StreamMessage message) override;
  void Finish(CallStatus status) override;
  void Abort(CallStatus status) override;
  void SetTimer(SteadyTime when) override;
  void OutliveConnectionAge() override;
  std::shared_ptr<StreamWaker> waker() override;

  // --- Of the call ------------------------------------------------------------------------------

  // REQUIRES: it is not finished.
  StreamHandler& handler() { return *handler_; }
  // The handler ended it; it is told of nothing more.
  bool is_finished() const { return is_finished_; }
  // Ends it in place of the handler, which hears that it is over. The message under way is sent
  // before, unless the caller's time is up.
  void Break(CallStatus status);
  void BreakAtDeadline(CallStatus status);
  // The handler waits to be told that it may write.
  bool wants_writable() const { return wants_writable_; }
  // Of two streams that wait, the one with the lower turn has waited for longer.
  std::uint64_t turn() const { return turn_; }
  void TellWritable();
  // Has the session count of the message under way what the window lets out, which may have
  // changed.
  void CountQueued();
  // Appends the next `size` bytes, which the data provider has announced.
  void Gather(OutBuffer& out, std::size_t size);
  // Gives back what it holds of the session, which is not used afterwards.
  void LeaveSession();
  // The HTTP/2 stream is closed. REQUIRES: it has left its session.
  void OnClosed();

  // --- Of its waker and its session -------------------------------------------------------------

  void OnWake();
  // Fetches what OnWake() uses first.
  void PrefetchHandler() const;

  // --- Of the timers of its loop ----------------------------------------------------------------

  // Its time has come, and is not set any more.
  void OnTimer();

 private:
  static ssize_t Read(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t room,
                      std::uint32_t* flags, nghttp2_data_source* source, void*);

  H2StreamId h2() const;
  // Its connection need not wait for it any more.
  void EndLasting();
  void StopTimer();
  // Has the session count so many bytes of the message under way.
  void SetQueued(std::size_t bytes);
  // Forgets the message that was to be sent.
  void DropMessage();
  // Ends it in the middle of a message.
  void Reset();
  // The peer has not taken the message behind which the status was to come.
  void GiveUpMessage();

  H2Call& call_;
  // Null once the HTTP/2 stream is closed.
  H2Session* session_;
  const std::unique_ptr<StreamHandler> handler_;
  std::shared_ptr<H2StreamWaker> waker_;
  // The message under way, on loan from the loop; null: none is.
  std::unique_ptr<OutgoingMessage> message_;
  // When its handler is called, or the message before the end is given up; max(): not at all.
  SteadyTime timer_at_ = SteadyTime::max();
  // The status that follows the message under way. Null: the stream goes on, or its status has been
  // handed to the session already.
  std::unique_ptr<const CallStatus> last_status_;
  // Taken when it began to wait for the message that it has not written yet.
  std::uint64_t turn_ = 0;
  const std::int32_t id_;
  // nghttp2 was told that there is nothing to send, and must be told of more.
  bool is_deferred_ = false;
  bool wants_writable_ = false;
  bool is_finished_ = false;
  bool is_lasting_ = false;
};

}  // namespace balance
