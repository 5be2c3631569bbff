#include "service/rpc/core_call.h"

#include <grpc/support/alloc.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>
#include <grpcpp/version_info.h>

#include <algorithm>
#include <cstdlib>
#include <span>
#include <utility>

#include "clients/core/saturating.h"
#include "service/snapshot/shared_bytes.h"

namespace balance {
namespace {

constexpr std::string_view kAuthorization = "authorization";
// Where gRPC's C++ API has Status::error_details(), in every language.
constexpr const char* kStatusDetails = "grpc-status-details-bin";
// gRFC A6 retry pushback; a negative value tells the client not to retry.
constexpr const char* kRetryPushback = "grpc-retry-pushback-ms";
constexpr const char* kDoNotRetry = "-1";

grpc_slice CopyOf(const std::string& text) {
  return grpc_slice_from_copied_buffer(text.data(), text.size());
}

// Read gRFC L104 before this is raised: it wants the close to be watched by a batch of its own,
// which costs an event a call; 1.51 also takes it with the status. One that refuses it aborts every
// test that calls the service.
static_assert(GRPC_CPP_VERSION_MAJOR == 1 && GRPC_CPP_VERSION_MINOR == 51,
              "find out whether this gRPC takes the batches of CoreCall::Finish()");

// What gRPC refuses is a call of its API at the wrong time: the event would never happen.
void Require(grpc_call_error error) {
  if (error == GRPC_CALL_OK) return;
  gpr_log(GPR_ERROR, "gRPC's core refused a batch: %s", grpc_call_error_to_string(error));
  std::abort();
}

}  // namespace

// Operations that are asked for together and have one event.
class CoreCall::Batch {
 public:
  grpc_op& Add(grpc_op_type type) {
    grpc_op& op = ops_[size_++];
    op = {};
    op.op = type;
    return op;
  }

  void Start(grpc_call* call, QueueEvent& done) {
    Require(grpc_call_start_batch(call, ops_.data(), size_, done.tag(), nullptr));
  }

 private:
  std::array<grpc_op, 4> ops_;
  std::size_t size_ = 0;
};

CoreCall::Trailers::Trailers(const grpc::Status& status) : message(CopyOf(status.error_message())) {
  const auto add = [this](const char* key, grpc_slice value) {
    metadata[count++] = {grpc_slice_from_static_string(key), value, {}};
  };
  if (!status.error_details().empty()) add(kStatusDetails, CopyOf(status.error_details()));
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    add(kRetryPushback, grpc_slice_from_static_string(kDoNotRetry));
  }
}

CoreCall::Trailers::~Trailers() {
  grpc_slice_unref(message);
  for (std::size_t i = 0; i < count; ++i) grpc_slice_unref(metadata[i].value);
}

CoreCall::CoreCall() { grpc_metadata_array_init(&metadata_); }

CoreCall::~CoreCall() {
  if (message_) grpc_byte_buffer_destroy(message_);
  grpc_metadata_array_destroy(&metadata_);
  if (call_) grpc_call_unref(call_);
}

void CoreCall::Await(grpc_server* server, const CoreMethods::Method& method, CallQueue& queue,
                     QueueEvent& came) {
  Require(grpc_server_request_registered_call(server, method.server_tag(), &call_, &deadline_,
                                              &metadata_, &message_, queue.core(), queue.core(),
                                              came.tag()));
}

std::chrono::system_clock::time_point CoreCall::deadline() const {
  using Time = std::chrono::system_clock::time_point;
  if (gpr_time_cmp(deadline_, gpr_inf_future(deadline_.clock_type)) == 0) return Time::max();
  const gpr_timespec wall = gpr_convert_clock_type(deadline_, GPR_CLOCK_REALTIME);
  const Time deadline(SaturatingDuration(wall.tv_sec, wall.tv_nsec));
  // A far deadline is not none.
  return std::min(deadline, Time::max() - Duration(1));
}

Authorizations CoreCall::authorizations() const {
  Authorizations found;
  for (const grpc_metadata& entry : std::span(metadata_.metadata, metadata_.count)) {
    if (TextOf(entry.key) == kAuthorization) found.Add(TextOf(entry.value));
  }
  return found;
}

PeerIdentity CoreCall::identity() const { return PeerIdentity(grpc_call_auth_context(call_)); }

std::string CoreCall::peer() const {
  char* text = grpc_call_get_peer(call_);
  std::string peer(text);
  gpr_free(text);
  return peer;
}

const MessageBytes& CoreCall::request() {
  if (message_) request_ = MessageBytes(std::exchange(message_, nullptr));
  return request_;
}

void CoreCall::WatchClose(QueueEvent& closed) {
  watches_close_ = true;
  Batch batch;
  batch.Add(GRPC_OP_RECV_CLOSE_ON_SERVER).data.recv_close_on_server.cancelled = &cancelled_;
  batch.Start(call_, closed);
}

void CoreCall::Write(MessageBytes message, QueueEvent& sent) {
  response_ = std::move(message);
  Batch batch;
  if (std::exchange(sends_headers_, false)) batch.Add(GRPC_OP_SEND_INITIAL_METADATA);
  batch.Add(GRPC_OP_SEND_MESSAGE).data.send_message.send_message = response_.get();
  batch.Start(call_, sent);
}

void CoreCall::Finish(MessageBytes message, const grpc::Status& status, QueueEvent& finished) {
  response_ = std::move(message);
  Batch batch;
  if (std::exchange(sends_headers_, false)) batch.Add(GRPC_OP_SEND_INITIAL_METADATA);
  if (status.ok() && response_) {
    batch.Add(GRPC_OP_SEND_MESSAGE).data.send_message.send_message = response_.get();
  }
  auto& end = batch.Add(GRPC_OP_SEND_STATUS_FROM_SERVER).data.send_status_from_server;
  end.status = static_cast<grpc_status_code>(status.error_code());
  if (!status.ok()) {
    trailers_.emplace(status);
    end.status_details = &trailers_->message;
    end.trailing_metadata = trailers_->metadata.data();
    end.trailing_metadata_count = trailers_->count;
  }
  // A call that ends without is taken for one that was given up, and is cancelled.
  if (!std::exchange(watches_close_, true)) {
    batch.Add(GRPC_OP_RECV_CLOSE_ON_SERVER).data.recv_close_on_server.cancelled = &cancelled_;
  }
  batch.Start(call_, finished);
}

}  // namespace balance
