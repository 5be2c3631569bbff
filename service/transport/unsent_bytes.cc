#include "service/transport/unsent_bytes.h"

#include <sys/socket.h>

#include <cerrno>

namespace balance {

UnsentBytes::Progress UnsentBytes::Send(std::span<const unsigned char>& bytes) {
  while (!bytes.empty()) {
    const ssize_t sent =
        send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return Progress::kWaits;
    } else if (errno != EINTR) {
      return Progress::kFailed;
    }
  }
  return Progress::kDone;
}

UnsentBytes::Progress UnsentBytes::Write(std::span<const unsigned char> bytes) {
  const Progress progress = empty() ? Send(bytes) : Progress::kWaits;
  if (progress != Progress::kWaits) return progress;
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  buffered_.Add(bytes.size());
  return Progress::kWaits;
}

UnsentBytes::Progress UnsentBytes::WriteOn() {
  auto rest = std::span<const unsigned char>(bytes_).subspan(sent_);
  const Progress progress = Send(rest);
  sent_ = bytes_.size() - rest.size();
  if (progress != Progress::kDone) return progress;
  buffered_.Subtract(bytes_.size());
  std::vector<unsigned char>().swap(bytes_);
  sent_ = 0;
  return Progress::kDone;
}

}  // namespace balance
