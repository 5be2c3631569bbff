#pragma once

// Takes bytes from a connection to Redis apart into replies (RESP2), by hiredis's reader.

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "clients/redis/redis_reply.h"

struct redisReader;

namespace balance {

// Used on one thread. Memory is bounded whatever comes: a reply that is larger than any that is
// asked for is a violation of the protocol.
class ReplyReader {
 public:
  // Limits of one reply, all of its parts together.
  static constexpr std::size_t kMostBytes = std::size_t{1} << 20;
  static constexpr std::size_t kMostElements = 1024;

  ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;
  ~ReplyReader();

  // Takes in what has come. False if it violates the protocol or the limits; then nothing that
  // follows can be read either.
  bool Feed(std::string_view bytes);

  // The next whole reply; unset if there is none yet, or is_broken().
  std::optional<RedisReply> Next();

  bool is_broken() const { return is_broken_; }

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };

  const std::unique_ptr<redisReader, Free> reader_;
  // Elements of the reply that is being read.
  std::size_t elements_ = 0;
  // Bytes fed since the latest whole reply.
  std::size_t pending_bytes_ = 0;
  bool is_broken_ = false;
};

}  // namespace balance
