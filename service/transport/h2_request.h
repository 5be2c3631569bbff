#pragma once

// A request, from its first header to the last byte of its messages.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "clients/core/clock.h"
#include "service/transport/call_status.h"
#include "service/transport/metadata.h"
#include "service/transport/method_table.h"

namespace balance {

class TransportLoop;

// Keeps what has come and judges it. Used on its loop's thread only, and used again for further
// requests.
class H2Request {
 public:
  explicit H2Request(const TransportLoop& loop) : loop_(loop) {}

  // Forgets the request, but keeps a little memory for the next one.
  void Clear();

  // --- Headers ----------------------------------------------------------------------------------

  // False if there are so many that the request is not even worth an answer in words.
  bool OnHeader(std::string_view name, std::string_view value);

  // Null if there is no such method.
  const Method* method() const { return method_; }
  std::optional<SteadyTime> deadline() const { return deadline_; }
  const Metadata& metadata() const { return metadata_; }
  bool is_post() const { return is_post_; }
  // Whether its content type says that it is gRPC's.
  bool is_grpc() const { return is_grpc_; }
  // Of a call whose caller has left.
  void DropMetadata() { metadata_.Clear(); }
  bool has_too_large_headers() const;
  // Why its headers, of which there are not too many, cannot be served; unset if they can.
  std::optional<CallStatus> ObjectionToHeaders() const;

  // --- Messages ---------------------------------------------------------------------------------

  void Append(std::span<const unsigned char> bytes);
  bool has_body() const { return !body_.empty(); }
  // The window that the message which is coming needs in all; 0 while its size is not known.
  // REQUIRES: none before it is kept.
  std::size_t NeededWindow() const;
  // Forgets what has come of the messages.
  void DropBody();

  // --- Of a call with one message ---

  // Why the message that is coming cannot be served, whatever follows; unset if it can.
  std::optional<CallStatus> ObjectionToSize() const;
  // Why what came until the end is not one message; unset if it is.
  std::optional<CallStatus> ObjectionToMessage() const;
  std::string_view message() const;

  // --- Of a call with many ---

  // Unset: the next message has not come whole.
  using Next = std::variant<std::optional<std::string_view>, CallStatus>;

  // The next message, valid until more is appended or anything dropped, or why there will be none.
  Next TakeMessage();
  // Drops the messages that were taken; returns how many bytes they had.
  std::size_t DropTaken();

 private:
  void TakeGrpcHeader(std::string_view name, std::string_view value);

  const TransportLoop& loop_;
  const Method* method_ = nullptr;
  bool is_post_ = false;
  bool is_grpc_ = false;
  bool is_compressed_ = false;
  bool has_bad_timeout_ = false;
  std::size_t header_bytes_ = 0;
  std::optional<SteadyTime> deadline_;
  Metadata metadata_;
  // As received: prefixes and messages. Of a call with many only what was not dropped.
  std::string body_;
  std::size_t taken_ = 0;
};

}  // namespace balance
