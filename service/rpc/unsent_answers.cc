#include "service/rpc/unsent_answers.h"

namespace balance {

UnsentAnswers::UnsentAnswers(Limits limits) : limits_(limits), short_answers_(limits.short_bytes) {}

std::optional<UnsentAnswers::Room> UnsentAnswers::Take(
    std::size_t bytes, const std::function<std::string()>& connection) {
  if (bytes <= limits_.longest_short) {
    if (!short_answers_.TryTake(bytes)) return std::nullopt;
    return Room(*this, bytes, {});
  }
  std::string name = connection();
  if (!TakeLong(bytes, name)) return std::nullopt;
  return Room(*this, bytes, std::move(name));
}

bool UnsentAnswers::TakeLong(std::size_t bytes, const std::string& connection) {
  const std::lock_guard lock(mutex_);
  if (long_bytes_ > 0 && long_bytes_ + bytes > limits_.long_bytes) return false;
  std::size_t& of_connection = by_connection_[connection];
  if (of_connection > 0 && of_connection + bytes > limits_.connection_bytes) return false;
  of_connection += bytes;
  long_bytes_ += bytes;
  return true;
}

void UnsentAnswers::Give(const Room& room) {
  if (room.connection_.empty()) return short_answers_.Give(room.bytes_);
  const std::lock_guard lock(mutex_);
  long_bytes_ -= room.bytes_;
  const auto found = by_connection_.find(room.connection_);
  found->second -= room.bytes_;
  if (found->second == 0) by_connection_.erase(found);
}

}  // namespace balance
