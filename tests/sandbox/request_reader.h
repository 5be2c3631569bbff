#pragma once

// Requests off a channel, one after another.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>

#include "tests/sandbox/channel.h"
#include "tests/sandbox/http_message.h"

namespace balance::sandbox {

enum class ReadOutcome : std::uint8_t { kRequest, kEnd, kMalformed };

struct ReadResult {
  ReadOutcome outcome = ReadOutcome::kEnd;
  // With kRequest: `connection` and its number are the caller's to set.
  HttpCall call;
  // The client wants the connection kept.
  bool keep_alive = false;
};

// Used on the sandbox's loop only. Bodies are at most 1 MiB.
class RequestReader {
 public:
  // `channel` must outlive it.
  explicit RequestReader(Channel& channel) : channel_(channel) {}

  boost::asio::awaitable<ReadResult> Next();

 private:
  Channel& channel_;
  // Bytes received and not yet parsed.
  std::string pending_;
};

}  // namespace balance::sandbox
