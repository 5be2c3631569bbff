#include "clients/http/curl_multi.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <iterator>
#include <new>
#include <utility>

#include "clients/http/curl_handles.h"

namespace balance {

namespace asio = boost::asio;

namespace {

// A loop that is later than this was held up.
constexpr Duration kHeldUp = std::chrono::milliseconds(250);
// Resolution of libcurl's times. Asked twice for one moment it names times that differ by less, for
// which no timer is set anew.
constexpr auto kTick = std::chrono::milliseconds(1);

}  // namespace

CurlMulti::CurlMulti(asio::io_context& loop, std::size_t most_connections,
                     std::chrono::seconds max_idle)
    : loop_(loop),
      max_idle_(max_idle),
      timer_(loop),
      overdue_timer_(loop),
      multi_(curl_multi_init()),
      sockets_(loop, [this](int fd, std::uint32_t ready) { OnReady(fd, ready); }) {
  if (!multi_) throw std::bad_alloc();
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMulti::OnSocket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlMulti::OnTimer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  // Set the limit of idle connections too. Without it libcurl's own would follow the number of
  // exchanges under way, and each lull would close what the next burst needs.
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(most_connections));
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(most_connections));
}

CurlMulti::~CurlMulti() {
  while (!transfers_.empty()) {
    CurlTransfer& transfer = **transfers_.begin();
    Remove(transfer);
    transfer.Abort();
  }
  if (is_sweeping_) curl_multi_remove_handle(multi_, sweeper_);
  curl_easy_cleanup(sweeper_);
  curl_multi_cleanup(multi_);
}

bool CurlMulti::Prepare(CurlTransfer& transfer) {
  CURL* easy = transfer.easy();
  return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &CurlMulti::OpenSocket) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &transfer) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlMulti::CloseSocket) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this) == CURLE_OK;
}

bool CurlMulti::Add(CurlTransfer& transfer) {
  if (!Prepare(transfer)) return false;
  // Judge lateness before: libcurl names a new time now, and the one that the other transfers
  // waited for would be forgotten.
  MakeUpForLateness(BootClock::now());
  transfer.set_multi(this);
  if (curl_multi_add_handle(multi_, transfer.easy()) != CURLM_OK) return false;
  transfers_.insert(&transfer);
  return true;
}

void CurlMulti::Remove(CurlTransfer& transfer) {
  if (transfers_.erase(&transfer) == 0) return;
  curl_multi_remove_handle(multi_, transfer.easy());
  // A timer that is not needed would hold a loop that has nothing left to do.
  if (transfers_.empty()) overdue_timer_.cancel();
}

// A transfer that opens no socket: libcurl looks at all idle connections before it looks for one
// for a transfer, at most once a second, and for nothing else.
void CurlMulti::CloseIdle() {
  if (socket_of_.empty() || is_sweeping_ || !MakeSweeper()) return;
  is_sweeping_ = curl_multi_add_handle(multi_, sweeper_) == CURLM_OK;
}

bool CurlMulti::MakeSweeper() {
  if (sweeper_) return true;
  sweeper_ = curl_easy_init();
  if (!sweeper_) return false;
  const auto open_nothing = [](void*, curlsocktype, curl_sockaddr*) -> curl_socket_t {
    return CURL_SOCKET_BAD;
  };
  const curl_opensocket_callback open = open_nothing;
  bool accepted = SetConnectionLimits(sweeper_, max_idle_);
  const auto set = [this, &accepted](CURLoption option, auto value) {
    if (curl_easy_setopt(sweeper_, option, value) != CURLE_OK) accepted = false;
  };
  // The URL holds an address, so that no name is resolved.
  set(CURLOPT_URL, "http://127.0.0.1/");
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_OPENSOCKETFUNCTION, open);
  return accepted;
}

int CurlMulti::SocketOf(ConnectionTag tag) const {
  const auto [first, end] = socket_of_.equal_range(tag);
  return first != end && std::next(first) == end ? first->second : -1;
}

curl_socket_t CurlMulti::OpenSocket(void* transfer, curlsocktype, curl_sockaddr* address) {
  const int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  auto& opener = *static_cast<CurlTransfer*>(transfer);
  if (fd < 0) {
    opener.NoteNoSocket(errno);
    return CURL_SOCKET_BAD;
  }
  CurlMulti& self = *opener.multi();
  self.sockets_.Keep(fd);
  const auto index = static_cast<std::size_t>(fd);
  if (index >= self.tag_of_.size()) self.tag_of_.resize(index + 1);
  self.tag_of_[index] = opener.tag();
  self.socket_of_.emplace(opener.tag(), fd);
  return fd;
}

int CurlMulti::CloseSocket(void* self, curl_socket_t fd) {
  auto& multi = *static_cast<CurlMulti*>(self);
  multi.sockets_.Forget(fd);
  const auto [first, end] =
      multi.socket_of_.equal_range(multi.tag_of_[static_cast<std::size_t>(fd)]);
  const auto closed =
      std::find_if(first, end, [fd](const auto& open) { return open.second == fd; });
  if (closed != end) multi.socket_of_.erase(closed);
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
    multi.SetDue(std::nullopt);
    // A timer that runs on would keep a loop going that has nothing left to do.
    if (multi.wakes_ != TimePoint::max()) multi.timer_.cancel();
    multi.wakes_ = TimePoint::max();
    return 0;
  }
  if (timeout_ms > 0) {
    multi.SetDue(std::chrono::milliseconds(timeout_ms));
    multi.WakeAt(multi.due_);
    return 0;
  }
  multi.SetDue(std::nullopt);
  multi.awaited_ = BootClock::now();
  // Post it: a timer would cost a system call for each transfer.
  asio::post(multi.loop_, [&multi, life = std::weak_ptr(multi.life_)] {
    if (!life.expired()) multi.Act(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

void CurlMulti::SetDue(std::optional<std::chrono::milliseconds> from_now) {
  due_ = from_now ? std::chrono::steady_clock::now() + *from_now : TimePoint::max();
  due_counting_suspends_ = from_now ? BootClock::now() + *from_now : SteadyTime::max();
  awaited_ = due_counting_suspends_;
}

// A wake-up that turns out to be too early sets the next one. Most times that libcurl names are
// replaced by later ones long before they come.
void CurlMulti::WakeAt(TimePoint when) {
  if (wakes_ <= when + kTick) return;
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
  due_counting_suspends_ = SteadyTime::max();
  Act(CURL_SOCKET_TIMEOUT, 0);
}

void CurlMulti::MakeUpForLateness(SteadyTime now) {
  if (awaited_ == SteadyTime::max() || now < awaited_ + kHeldUp || transfers_.empty()) return;
  for (CurlTransfer* transfer : transfers_) {
    const Duration lost = now - std::max(awaited_, transfer->added_at());
    if (lost >= kHeldUp) transfer->AddTime(lost);
  }
  awaited_ = now;
  PlanOverdue();
}

void CurlMulti::PlanOverdue() {
  SteadyTime first = SteadyTime::max();
  for (const CurlTransfer* transfer : transfers_) first = std::min(first, transfer->overdue_at());
  if (first == SteadyTime::max()) return;
  overdue_timer_.expires_after(first - BootClock::now());
  overdue_timer_.async_wait(
      [this, life = std::weak_ptr(life_)](const boost::system::error_code& cancelled) {
        if (!cancelled && !life.expired()) EndOverdue();
      });
}

void CurlMulti::EndOverdue() {
  const SteadyTime now = BootClock::now();
  std::vector<CurlTransfer*> overdue;
  for (CurlTransfer* transfer : transfers_) {
    if (transfer->overdue_at() <= now) overdue.push_back(transfer);
  }
  for (CurlTransfer* transfer : overdue) {
    Remove(*transfer);
    transfer->Finish(CURLE_OPERATION_TIMEDOUT);
  }
  PlanOverdue();
}

void CurlMulti::OnReady(int fd, std::uint32_t ready) {
  int flags = 0;
  if ((ready & EPOLLIN) != 0) flags |= CURL_CSELECT_IN;
  if ((ready & EPOLLOUT) != 0) flags |= CURL_CSELECT_OUT;
  Act(fd, flags);
}

void CurlMulti::Act(curl_socket_t fd, int ready) {
  MakeUpForLateness(BootClock::now());
  awaited_ = due_counting_suspends_;
  int running = 0;
  curl_multi_socket_action(multi_, fd, ready, &running);
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    if (message->easy_handle == sweeper_) {
      curl_multi_remove_handle(multi_, sweeper_);
      is_sweeping_ = false;
      continue;
    }
    const CURLcode code = message->data.result;
    char* self = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
    auto& transfer = *reinterpret_cast<CurlTransfer*>(self);
    Remove(transfer);
    transfer.Finish(code);
  }
}

}  // namespace balance
