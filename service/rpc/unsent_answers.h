#pragma once

// Bounds the answers that wait in gRPC for callers who do not take them. gRPC keeps those outside
// of its own quota: without this bound a client that stalls with a few hundred open calls costs the
// process a gigabyte. It goes when a transport of our own serves, which does not read from such a
// connection.

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "service/rpc/budget.h"

namespace balance {

// Counts the bytes of answers from when they are handed to gRPC until their calls are over.
// Thread-safe. Short and long answers have rooms of their own: those who read single accounts are
// served beside a client that does not take its lists.
class UnsentAnswers {
 public:
  struct Limits {
    // An answer of more bytes is a long one.
    std::size_t longest_short = std::size_t{64} * 1024;
    // Most bytes of all short answers.
    std::size_t short_bytes = std::size_t{32} * 1024 * 1024;
    // Most bytes of all long answers.
    std::size_t long_bytes = std::size_t{64} * 1024 * 1024;
    // Most bytes of the long answers on one connection; a single one passes whatever its size.
    std::size_t connection_bytes = std::size_t{16} * 1024 * 1024;
  };

  // The room that one answer takes, given back when this object ends.
  class Room {
   public:
    Room(Room&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)),
          bytes_(other.bytes_),
          connection_(std::move(other.connection_)) {}
    Room& operator=(Room&&) = delete;
    ~Room() {
      if (owner_) owner_->Give(*this);
    }

   private:
    friend class UnsentAnswers;
    Room(UnsentAnswers& owner, std::size_t bytes, std::string connection)
        : owner_(&owner), bytes_(bytes), connection_(std::move(connection)) {}

    UnsentAnswers* owner_;
    const std::size_t bytes_;
    // Name of the connection; empty for a short answer.
    std::string connection_;
  };

  explicit UnsentAnswers(Limits limits);

  // Takes room for an answer of so many bytes; nullopt if there is none. `connection` names the
  // caller's connection and is asked only for a long answer. This object must outlive the room.
  std::optional<Room> Take(std::size_t bytes, const std::function<std::string()>& connection);

 private:
  bool TakeLong(std::size_t bytes, const std::string& connection);
  void Give(const Room& room);

  const Limits limits_;
  Budget short_answers_;
  std::mutex mutex_;
  // Bytes of the long answers of each connection that has any. Guarded by mutex_, as the sum is.
  std::map<std::string, std::size_t> by_connection_;
  std::size_t long_bytes_ = 0;
};

}  // namespace balance
