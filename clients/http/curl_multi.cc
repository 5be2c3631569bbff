#include "clients/http/curl_multi.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <new>
#include <utility>

namespace balance {
namespace {

namespace asio = boost::asio;

// Open connections without an exchange. libcurl's own limit follows the number of exchanges under
// way, so that each lull would close what the next burst needs.
constexpr long kMostIdleConnections = 256;

}  // namespace

CurlMulti::CurlMulti(asio::io_context& loop)
    : loop_(loop),
      timer_(loop),
      multi_(curl_multi_init()),
      sockets_(loop, [this](int fd, std::uint32_t ready) { OnReady(fd, ready); }) {
  if (!multi_) throw std::bad_alloc();
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMulti::OnSocket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlMulti::OnTimer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kMostIdleConnections);
}

CurlMulti::~CurlMulti() {
  while (!transfers_.empty()) {
    CurlTransfer& transfer = **transfers_.begin();
    Remove(transfer);
    transfer.Abort();
  }
  curl_multi_cleanup(multi_);
}

bool CurlMulti::Prepare(CURL* easy) {
  return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &CurlMulti::OpenSocket) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlMulti::CloseSocket) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this) == CURLE_OK;
}

bool CurlMulti::Add(CurlTransfer& transfer) {
  if (!Prepare(transfer.easy())) return false;
  if (curl_multi_add_handle(multi_, transfer.easy()) != CURLM_OK) return false;
  transfers_.insert(&transfer);
  return true;
}

void CurlMulti::Remove(CurlTransfer& transfer) {
  if (transfers_.erase(&transfer) > 0) curl_multi_remove_handle(multi_, transfer.easy());
}

curl_socket_t CurlMulti::OpenSocket(void* self, curlsocktype, curl_sockaddr* address) {
  const int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd >= 0) static_cast<CurlMulti*>(self)->sockets_.Keep(fd);
  return fd;
}

int CurlMulti::CloseSocket(void* self, curl_socket_t fd) {
  static_cast<CurlMulti*>(self)->sockets_.Forget(fd);
  return close(fd);
}

int CurlMulti::OnSocket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  std::uint32_t events = 0;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) events |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) events |= EPOLLOUT;
  static_cast<CurlMulti*>(self)->sockets_.Want(fd, events);
  return 0;
}

int CurlMulti::OnTimer(CURLM*, long timeout_ms, void* self) {
  auto& multi = *static_cast<CurlMulti*>(self);
  if (timeout_ms < 0) {
    multi.due_ = TimePoint::max();
    // Else it would hold a loop that has nothing left to do.
    if (multi.wakes_ != TimePoint::max()) multi.timer_.cancel();
    multi.wakes_ = TimePoint::max();
    return 0;
  }
  if (timeout_ms > 0) {
    multi.due_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    multi.WakeAt(multi.due_);
    return 0;
  }
  multi.due_ = TimePoint::max();
  // Without a timer, which would cost a system call for each transfer.
  asio::post(multi.loop_, [&multi, life = std::weak_ptr(multi.life_)] {
    if (!life.expired()) multi.Act(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

// A wake-up that turns out to be too early sets the next one. Most times that libcurl names are
// replaced by later ones long before they come.
void CurlMulti::WakeAt(TimePoint when) {
  if (wakes_ <= when) return;
  wakes_ = when;
  timer_.expires_at(when);
  timer_.async_wait(
      [this, life = std::weak_ptr(life_)](const boost::system::error_code& cancelled) {
        if (!cancelled && !life.expired()) OnWake();
      });
}

void CurlMulti::OnWake() {
  wakes_ = TimePoint::max();
  if (due_ == TimePoint::max()) return;
  if (std::chrono::steady_clock::now() < due_) return WakeAt(due_);
  due_ = TimePoint::max();
  Act(CURL_SOCKET_TIMEOUT, 0);
}

void CurlMulti::OnReady(int fd, std::uint32_t ready) {
  int flags = 0;
  if ((ready & EPOLLIN) != 0) flags |= CURL_CSELECT_IN;
  if ((ready & EPOLLOUT) != 0) flags |= CURL_CSELECT_OUT;
  Act(fd, flags);
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
