#include "service/transport/h2_request.h"

#include <algorithm>
#include <utility>

#include "service/transport/grpc_wire.h"
#include "service/transport/transport_loop.h"

namespace balance {
namespace {

// Memory of a request that is kept for the next one.
constexpr std::size_t kKeptBytes = 1024;
// Header lists up to so many times the limit are read to their end, so that their callers are told.
constexpr std::size_t kAnsweredHeaderLists = 4;

CallStatus Failed(StatusCode code, std::string message) { return {code, std::move(message), {}}; }

}  // namespace

void H2Request::Clear() {
  method_ = nullptr;
  is_post_ = is_grpc_ = is_compressed_ = has_bad_timeout_ = false;
  header_bytes_ = 0;
  deadline_.reset();
  metadata_.Clear();
  DropBody();
}

// --- Headers ------------------------------------------------------------------------------------

bool H2Request::OnHeader(std::string_view name, std::string_view value) {
  constexpr std::size_t kOverhead = 32;
  header_bytes_ += name.size() + value.size() + kOverhead;
  if (has_too_large_headers()) {
    return header_bytes_ <= kAnsweredHeaderLists * loop_.limits().header_list_bytes;
  }
  if (name.front() == ':') {
    if (name == ":path") {
      method_ = loop_.methods().Find(value);
    } else if (name == ":method") {
      is_post_ = value == "POST";
    }
  } else {
    TakeGrpcHeader(name, value);
  }
  return true;
}

void H2Request::TakeGrpcHeader(std::string_view name, std::string_view value) {
  if (name == "content-type") {
    is_grpc_ = IsGrpcContentType(value);
  } else if (name == "grpc-timeout") {
    const auto timeout = ParseGrpcTimeout(value);
    if (timeout) {
      deadline_ = loop_.now() + *timeout;
    } else {
      has_bad_timeout_ = true;
    }
  } else if (name == "grpc-encoding") {
    is_compressed_ = value != "identity";
  } else if (name != "te" && name != "user-agent" && name != "grpc-accept-encoding") {
    metadata_.Add(name, value);
  }
}

bool H2Request::has_too_large_headers() const {
  return header_bytes_ > loop_.limits().header_list_bytes;
}

std::optional<CallStatus> H2Request::ObjectionToHeaders() const {
  if (!method_) {
    return Failed(StatusCode::kUnimplemented,
                  "the server has no such method; check the service's name and its .proto");
  }
  if (has_bad_timeout_) {
    return Failed(StatusCode::kInvalidArgument,
                  "grpc-timeout is malformed: one to eight digits and a unit (n, u, m, S, M, H)");
  }
  if (is_compressed_) {
    return Failed(StatusCode::kUnimplemented,
                  "compressed requests are not understood; send them with identity encoding");
  }
  return std::nullopt;
}

// --- Messages -----------------------------------------------------------------------------------

void H2Request::DropBody() {
  taken_ = 0;
  body_.clear();
  if (body_.capacity() > kKeptBytes) body_.shrink_to_fit();
}

void H2Request::Append(std::span<const unsigned char> bytes) {
  body_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::string_view H2Request::message() const {
  return std::string_view(body_).substr(std::min(body_.size(), kMessagePrefixSize));
}

std::optional<CallStatus> H2Request::ObjectionToSize() const {
  const std::size_t limit = loop_.limits().request_bytes;
  if (body_.size() < kMessagePrefixSize) return std::nullopt;
  const std::size_t size = ParseMessagePrefix(body_).size;
  if (size > limit) {
    return Failed(StatusCode::kResourceExhausted,
                  "the request is larger than " + std::to_string(limit) + " bytes; ask for less");
  }
  // Its window ends behind the message, so the rest of another might never come.
  if (body_.size() > size + kMessagePrefixSize) return ObjectionToMessage();
  return std::nullopt;
}

std::size_t H2Request::NeededWindow() const {
  if (body_.size() < kMessagePrefixSize) return 0;
  // One byte of another message, which may be one too many, would be seen.
  return ParseMessagePrefix(body_).size + 2 * kMessagePrefixSize;
}

std::optional<CallStatus> H2Request::ObjectionToMessage() const {
  if (body_.empty()) {
    return Failed(StatusCode::kUnimplemented, "the call has no request message; send one");
  }
  if (body_.size() < kMessagePrefixSize) {
    return Failed(StatusCode::kInternal, "the request ends inside the prefix of a message");
  }
  const ParsedPrefix prefix = ParseMessagePrefix(body_);
  if (prefix.is_compressed) {
    return Failed(StatusCode::kInternal,
                  "the request is marked as compressed, but names no grpc-encoding");
  }
  const std::size_t size = body_.size() - kMessagePrefixSize;
  if (size < prefix.size) {
    return Failed(StatusCode::kInternal, "the request ends inside a message");
  }
  if (size > prefix.size) {
    return Failed(StatusCode::kUnimplemented, "the method takes one request message, not several");
  }
  return std::nullopt;
}

H2Request::Next H2Request::TakeMessage() {
  const std::string_view rest = std::string_view(body_).substr(taken_);
  if (rest.size() < kMessagePrefixSize) return std::nullopt;
  const ParsedPrefix prefix = ParseMessagePrefix(rest);
  if (prefix.is_compressed) {
    return Failed(StatusCode::kInternal,
                  "a message is marked as compressed, but the call names no grpc-encoding");
  }
  if (prefix.size > loop_.limits().request_bytes) {
    return Failed(StatusCode::kResourceExhausted, "a message is larger than the server takes");
  }
  if (rest.size() - kMessagePrefixSize < prefix.size) return std::nullopt;
  taken_ += kMessagePrefixSize + prefix.size;
  return rest.substr(kMessagePrefixSize, prefix.size);
}

std::size_t H2Request::DropTaken() {
  body_.erase(0, taken_);
  return std::exchange(taken_, 0);
}

}  // namespace balance
