#pragma once

// The headers and trailers of gRPC answers, handed to nghttp2.

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string_view>

#include "service/transport/call_status.h"

namespace balance {

// A call's stream, as nghttp2 names it.
struct H2StreamId {
  nghttp2_session* session;
  std::int32_t id;
};

// Begins an answer of messages, which `body` provides.
void SubmitMessages(H2StreamId stream, const nghttp2_data_provider& body);
// Answers with a status alone. Of a status that no client's header list would have room for, here
// and below, the message is cut and the details are left out.
void SubmitStatusOnly(H2StreamId stream, const CallStatus& status);
// Ends an answer of messages.
void SubmitTrailers(H2StreamId stream, const CallStatus& status);
// Begins an answer to somebody who does not speak gRPC; `body` provides words for a person.
void SubmitWords(H2StreamId stream, std::string_view http_status,
                 const nghttp2_data_provider& body);

}  // namespace balance
