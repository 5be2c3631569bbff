#pragma once

// HTTP/2 of one connection: an nghttp2 session and the calls on its streams.

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "service/transport/h2_call.h"
#include "service/transport/idle_reset_filter.h"
#include "service/transport/out_buffer.h"
#include "service/transport/request_room.h"
#include "service/transport/transport_loop.h"

namespace balance {

// What a session tells the connection that it belongs to. Called during Receive() and Gather().
class H2SessionOwner {
 public:
  virtual ~H2SessionOwner() = default;

  // A PING of the peer's. It is answered already.
  virtual void OnPing() = 0;
  // The answer to SendPing().
  virtual void OnPong() = 0;
  // Headers or data of a call have come, or data has left: pings that follow are no strikes.
  virtual void OnTraffic() = 0;
  // A call begins; nothing was submitted to answer it yet.
  virtual void OnCall() = 0;
  // Something is to be sent although nothing was received.
  virtual void OnOutput() = 0;
  virtual const PeerIdentity& identity() const = 0;
  virtual const std::string& peer() const = 0;
};

// Used on its loop's thread only.
class H2Session {
 public:
  using Bytes = std::span<const unsigned char>;

  enum class Health : std::uint8_t {
    kGood,
    // It is over by the rules of HTTP/2, or was ended; what is left to be gathered may be sent.
    kOver,
    // The peer broke the rules.
    kProtocolError,
    // The peer did more than any honest one does.
    kAbuse,
    // What came first is no HTTP/2.
    kNotHttp2,
  };

  // `loop` and `owner` must outlive the session.
  H2Session(TransportLoop& loop, H2SessionOwner& owner);
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;
  // Ends its calls: their handlers hear that the caller has left.
  ~H2Session();

  // Has the server say hello, for which the memory of a session is taken, unless it has. Throws
  // std::bad_alloc if nghttp2 is out of memory.
  void SayHello() {
    if (!session_) Begin();
  }

  // Takes bytes from the peer, and says hello with the first ones; handlers are called from here.
  Health Receive(Bytes bytes);

  // Appends frames that are ready to `out` until it is full or there are none. Must not be called
  // from within a handler.
  Health Gather(OutBuffer& out);

  // Calls the handlers of streams that may write again, first of the one that has waited longest:
  // a connection that takes less than its streams write serves each of them in its turn. True if
  // there were any.
  bool TellWritable();
  // The socket takes bytes again, or windows may have opened.
  void ExpectWritable();
  // Whether the connection has bytes that its socket has not taken; set by the connection.
  void SetBlocked(bool is_blocked) { is_blocked_ = is_blocked; }

  // Tells the peer to open no further streams, without naming a last one yet: those that are on
  // their way are still served. SendPing() behind it tells when the peer knows.
  void SendDrainNotice();
  // Names the last stream; later ones are ignored.
  void SendFinalGoaway();
  void SendGoawayForTooManyPings();
  void SendPing();

  bool has_calls() const { return calls_ != nullptr; }
  std::size_t open_calls() const { return open_calls_; }
  std::uint64_t total_calls() const { return total_calls_; }
  std::size_t untaken_bytes() const { return untaken_bytes_; }
  std::size_t unfinished_bytes() const { return unfinished_bytes_; }
  // Frames other than data that nghttp2 has ready.
  std::size_t unsent_frames() const {
    return session_ ? nghttp2_session_get_outbound_queue_size(session_.get()) : 0;
  }
  // Whether a frame of the peer's has come.
  bool has_heard() const { return has_heard_; }
  void CancelCalls();
  // Wakes the handlers of all streams.
  void WakeStreams();
  // Whether there is a stream for which a connection past its age waits, or was a moment ago.
  bool HasLastingStreams() const;

  // --- Of its calls -----------------------------------------------------------------------------

  nghttp2_session* handle() const { return session_.get(); }
  TransportLoop& loop() const { return loop_; }
  H2SessionOwner& owner() const { return owner_; }

  void Link(H2Call& call);
  void Unlink(H2Call& call);
  // `call`, which was unlinked, is still in a handler's hands. It stays in the list until it is
  // removed or the session ends.
  void AddAbandoned(H2Call& call);
  void RemoveAbandoned(H2Call& call);
  // Whether so many calls are, that no more are begun.
  bool HasTooManyAbandoned() const;
  // A stream outlives the age of its connection; it has ended.
  void AddLasting() { ++lasting_; }
  void RemoveLasting();
  // A unary request has begun; it is whole, or not wanted any more.
  void AddAwaited() { ++awaited_; }
  void RemoveAwaited() { --awaited_; }
  // Parts of a request that is not complete were kept, or are gone again.
  void AddUnfinished(std::size_t bytes);
  void RemoveUnfinished(std::size_t bytes);
  // The request of `stream` is so large as a whole; its window grows when it is its turn.
  void AskRoom(std::int32_t stream, std::size_t bytes);
  // The request is complete, or not wanted any more.
  void GiveBackRoom(std::int32_t stream);
  // The same for a call that goes on, which was sent so many bytes since the last time: as many as
  // that, its window has room for again.
  void RenewWindow(std::int32_t stream, std::size_t bytes);
  // An answer was handed over to be sent; it was sent, or is not wanted any more.
  void AddUntaken(std::size_t bytes);
  void RemoveUntaken(std::size_t bytes);
  // Whether a new call would find no room for its answer.
  bool IsOverloaded() const;

  // Whether the connection's window and the socket have room for a message of so many bytes beside
  // what is queued: of each stream's message as much as its own window lets out. The rest has no
  // use for the connection's window, however long its reader takes.
  bool HasRoom(std::size_t bytes) const;
  void AddQueued(std::size_t bytes) { queued_bytes_ += bytes; }
  void RemoveQueued(std::size_t bytes) { queued_bytes_ -= bytes; }
  // Some of it is not to be sent any more, which opens no window: who waits for room is told the
  // next time that nghttp2 is not at work.
  void ExpectRoom() { expects_room_ = true; }
  // `call` wants to be told that it may write, once nghttp2 is not at work.
  void QueueWritable(H2Call& call);
  void UnqueueWritable(H2Call& call);
  // The turn of a stream that begins to wait now.
  std::uint64_t NextTurn() { return ++last_turn_; }

 private:
  friend class H2Options;

  static int OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t flags, void* self);
  static int OnData(nghttp2_session*, std::uint8_t flags, std::int32_t id,
                    const std::uint8_t* bytes, std::size_t size, void* self);
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int OnFrameSent(nghttp2_session*, const nghttp2_frame* frame, void* self);
  static int OnStreamClosed(nghttp2_session*, std::int32_t id, std::uint32_t error, void* self);
  static int OnSendData(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* head,
                        std::size_t size, nghttp2_data_source* source, void* self);

  H2Call* CallOf(std::int32_t id) const {
    return static_cast<H2Call*>(nghttp2_session_get_stream_user_data(session_.get(), id));
  }
  void Begin();
  void TakeFrame(const nghttp2_frame& frame);
  void GiveWindow();
  void GrantRoom();
  Health HealthOf(long result) const;

  struct Free {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };

  TransportLoop& loop_;
  H2SessionOwner& owner_;
  // Null until the server says hello: most of what a connection costs is in here.
  std::unique_ptr<nghttp2_session, Free> session_;
  IdleResetFilter filter_;
  // A list of those whose streams are open.
  H2Call* calls_ = nullptr;
  std::size_t open_calls_ = 0;
  // Another one, of those whose streams are closed but whose handlers have not finished.
  H2Call* abandoned_ = nullptr;
  std::size_t abandoned_calls_ = 0;
  std::uint64_t total_calls_ = 0;
  // Number of unary requests that have begun and are not whole.
  std::size_t awaited_ = 0;
  // Number of streams that outlive the age of their connection.
  std::size_t lasting_ = 0;
  // When the last one of those ended.
  SteadyTime lasting_ended_ = SteadyTime::min();
  RequestRoom request_room_;
  std::size_t unfinished_bytes_ = 0;
  // Bytes received for which the peer was given no new window yet.
  std::size_t owed_window_ = 0;
  std::size_t untaken_bytes_ = 0;
  // Number of bytes that streams would send now and nghttp2 has not yet taken.
  std::size_t queued_bytes_ = 0;
  bool is_blocked_ = false;
  bool expects_room_ = false;
  bool has_heard_ = false;
  // The error code of the GOAWAY that was sent last.
  std::uint32_t goaway_error_ = NGHTTP2_NO_ERROR;
  // During Gather(): the data frame that is due does not fit any more.
  bool is_full_ = false;
  OutBuffer* out_ = nullptr;
  std::uint64_t last_turn_ = 0;
  std::vector<H2Call*> writable_;
};

}  // namespace balance
