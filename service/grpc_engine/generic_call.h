#pragma once

// A call that gRPC's library serves, as the handlers of a MethodTable see it.

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/support/byte_buffer.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>

#include "clients/core/alarm.h"
#include "clients/core/clock.h"
#include "service/transport/call.h"
#include "service/transport/method_table.h"

namespace balance {

class GenericCall;

// Observer that is told of a call's life, on any thread.
class GenericCallObserver {
 public:
  virtual ~GenericCallObserver() = default;
  virtual void OnCallBegun(GenericCall& call) = 0;
  // gRPC is done with the call, which must not be cancelled any more; its handler may be at work.
  virtual void OnCallDone(GenericCall& call) = 0;
  // The call is gone.
  virtual void OnCallOver() = 0;
};

// gRPC tells of what happens to a call on any of its threads, several at a time; everything is
// handed over to the engine's loop, so that handlers find the one thread that they rely on. The
// call deletes itself when gRPC is done with it and its handler has finished it.
// NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor): nobody else may delete it.
class GenericCall final : public grpc::ServerGenericBidiReactor, public Call, private ServerStream {
 public:
  // `method` is null for a path that the table does not have. All must outlive the call.
  GenericCall(boost::asio::io_context& loop, Clock& clock, GenericCallObserver& observer,
              grpc::GenericCallbackServerContext& context, const Method* method);

  // --- Call -------------------------------------------------------------------------------------

  std::optional<SteadyTime> deadline() const override { return deadline_; }
  const Metadata& metadata() const override { return metadata_; }
  const PeerIdentity& identity() const override { return identity_; }
  std::string peer() const override { return peer_; }
  std::string_view request() const override { return request_; }
  void Keep(std::unique_ptr<CallWork> work) override;
  void Finish(Response response, CallStatus status) override;
  ServerStream& Open(std::unique_ptr<StreamHandler> handler) override;

  // Ends the call with CANCELLED, on any thread. REQUIRES: gRPC is not done with it.
  void Cancel() { context_.TryCancel(); }

  // --- Called by gRPC, on any of its threads ----------------------------------------------------

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  class Waker;

  GenericCall(const GenericCall&) = delete;
  GenericCall& operator=(const GenericCall&) = delete;
  ~GenericCall() override;

  // --- ServerStream -----------------------------------------------------------------------------

  bool CanWrite(std::size_t size) override;
  bool IsWriting() const override { return is_writing_; }
  void Write(StreamMessage message) override;
  void Finish(CallStatus status) override;
  void Abort(CallStatus status) override;
  void SetTimer(SteadyTime when) override;
  // gRPC cannot tell such streams from others: see TransportLimits::lasting_grace.
  void OutliveConnectionAge() override {}
  std::shared_ptr<StreamWaker> waker() override;

  // --- On the loop ------------------------------------------------------------------------------

  void TakeRead(bool ok);
  void TakeMessageOfStream(bool ok);
  void TakeWritten();
  void TakeCallerLeft();
  void Handle();
  void Complete();
  void End(const CallStatus& status);
  // Ends a stream with its final status, whatever has become of the message before.
  void CutOff();
  Alarm& timer();
  void DeleteIfOver();
  template <typename Work>
  void Post(Work work);

  // True if the handler of a stream is still to be told of events.
  bool tells_handler() const { return handler_ && !is_ended_ && !final_status_; }

  boost::asio::io_context& loop_;
  Clock& clock_;
  GenericCallObserver& observer_;
  grpc::GenericCallbackServerContext& context_;
  const Method* const method_;
  std::optional<SteadyTime> deadline_;
  Metadata metadata_;
  PeerIdentity identity_;
  const std::string peer_;

  grpc::ByteBuffer incoming_;
  std::string request_;
  bool has_request_ = false;
  grpc::ByteBuffer outgoing_;
  Response response_;
  CallStatus status_;

  std::unique_ptr<CallWork> work_;
  std::unique_ptr<StreamHandler> handler_;
  std::shared_ptr<Waker> waker_;
  std::optional<Alarm> timer_;
  bool has_handler_ = false;
  bool is_finished_ = false;
  // True once gRPC's Finish() was called.
  bool is_ended_ = false;
  bool is_writing_ = false;
  bool wants_writable_ = false;
  bool caller_has_left_ = false;
  bool is_done_ = false;
  // The status that waits for the message under way.
  std::optional<CallStatus> final_status_;
};

}  // namespace balance
