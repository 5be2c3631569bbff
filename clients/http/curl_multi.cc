#include "clients/http/curl_multi.h"

#include <new>
#include <utility>

namespace balance {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

// A socket that libcurl waits for. libcurl owns the file descriptor and closes it.
struct CurlMulti::Watch {
  Watch(asio::io_context& loop, curl_socket_t socket) : fd(socket), descriptor(loop) {
    boost::system::error_code failed;
    descriptor.assign(socket, failed);
  }
  ~Watch() {
    if (descriptor.is_open()) descriptor.release();
  }

  const curl_socket_t fd;
  Descriptor descriptor;
  // CURL_POLL_IN, CURL_POLL_OUT or both.
  int wanted = 0;
  bool waits_to_read = false;
  bool waits_to_write = false;
};

CurlMulti::CurlMulti(asio::io_context& loop)
    : loop_(loop), timer_(loop), multi_(curl_multi_init()) {
  if (!multi_) throw std::bad_alloc();
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMulti::OnSocket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlMulti::OnTimer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

CurlMulti::~CurlMulti() {
  while (!transfers_.empty()) {
    CurlTransfer& transfer = **transfers_.begin();
    Remove(transfer);
    transfer.Abort();
  }
  // Before libcurl closes the descriptors, whose numbers may then name other sockets.
  for (const auto& [fd, watch] : watches_) watch->descriptor.release();
  watches_.clear();
  curl_multi_cleanup(multi_);
}

bool CurlMulti::Add(CurlTransfer& transfer) {
  if (curl_multi_add_handle(multi_, transfer.easy()) != CURLM_OK) return false;
  transfers_.insert(&transfer);
  return true;
}

void CurlMulti::Remove(CurlTransfer& transfer) {
  if (transfers_.erase(&transfer) > 0) curl_multi_remove_handle(multi_, transfer.easy());
}

int CurlMulti::OnSocket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  auto& multi = *static_cast<CurlMulti*>(self);
  if (what == CURL_POLL_REMOVE) {
    multi.Unwatch(fd);
    return 0;
  }
  auto& watch = multi.watches_[fd];
  if (!watch) watch = std::make_shared<Watch>(multi.loop_, fd);
  watch->wanted = what;
  multi.Arm(watch);
  return 0;
}

int CurlMulti::OnTimer(CURLM*, long timeout_ms, void* self) {
  auto& multi = *static_cast<CurlMulti*>(self);
  if (timeout_ms < 0) {
    multi.timer_.cancel();
    return 0;
  }
  multi.timer_.expires_after(std::chrono::milliseconds(timeout_ms));
  multi.timer_.async_wait(
      [&multi, life = std::weak_ptr(multi.life_)](const boost::system::error_code& cancelled) {
        if (!cancelled && !life.expired()) multi.Act(CURL_SOCKET_TIMEOUT, 0);
      });
  return 0;
}

// libcurl is about to close the descriptor, whose number may soon name another socket.
void CurlMulti::Unwatch(curl_socket_t fd) {
  const auto found = watches_.find(fd);
  if (found == watches_.end()) return;
  found->second->descriptor.release();
  watches_.erase(found);
}

void CurlMulti::Arm(const std::shared_ptr<Watch>& watch) {
  if ((watch->wanted & CURL_POLL_IN) != 0 && !watch->waits_to_read) {
    watch->waits_to_read = true;
    watch->descriptor.async_wait(
        Descriptor::wait_read,
        [this, watch, life = std::weak_ptr(life_)](const boost::system::error_code& ended) {
          watch->waits_to_read = false;
          if (!ended && !life.expired()) OnReady(watch, CURL_CSELECT_IN);
        });
  }
  if ((watch->wanted & CURL_POLL_OUT) != 0 && !watch->waits_to_write) {
    watch->waits_to_write = true;
    watch->descriptor.async_wait(
        Descriptor::wait_write,
        [this, watch, life = std::weak_ptr(life_)](const boost::system::error_code& ended) {
          watch->waits_to_write = false;
          if (!ended && !life.expired()) OnReady(watch, CURL_CSELECT_OUT);
        });
  }
}

void CurlMulti::OnReady(const std::shared_ptr<Watch>& watch, int ready) {
  const auto is_watched = [this, &watch] {
    const auto found = watches_.find(watch->fd);
    return found != watches_.end() && found->second == watch;
  };
  if (!is_watched()) return;
  Act(watch->fd, ready);
  if (is_watched()) Arm(watch);
}

void CurlMulti::Act(curl_socket_t fd, int ready) {
  int running = 0;
  curl_multi_socket_action(multi_, fd, ready, &running);
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    char* self = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
    auto& transfer = *reinterpret_cast<CurlTransfer*>(self);
    Remove(transfer);
    transfer.Finish(code);
  }
}

}  // namespace balance
