#include "clients/http/socket_poll.h"

#include <sys/epoll.h>

#include <array>
#include <boost/system/system_error.hpp>
#include <cerrno>
#include <utility>

namespace balance {
namespace {

// Most events that are taken at one go; the others come with the next.
constexpr int kMostEvents = 64;

int MakeEpoll() {
  const int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) {
    throw boost::system::system_error(errno, boost::system::system_category(), "epoll_create1");
  }
  return fd;
}

}  // namespace

SocketPoll::SocketPoll(boost::asio::io_context& loop, OnReady on_ready)
    : epoll_(loop, MakeEpoll()), on_ready_(std::move(on_ready)) {}

void SocketPoll::Want(int fd, std::uint32_t events) {
  Watch& watch = WatchOf(fd);
  wanting_ += static_cast<std::size_t>(events != 0) - static_cast<std::size_t>(watch.wanted != 0);
  watch.wanted = events;
  Register(fd, watch, events == 0 && watch.is_kept ? watch.registered & EPOLLIN : events);
  if (wanting_ > 0) {
    Arm();
  } else if (is_armed_) {
    epoll_.cancel();
  }
}

void SocketPoll::Keep(int fd) { WatchOf(fd).is_kept = true; }

void SocketPoll::Forget(int fd) {
  WatchOf(fd).is_kept = false;
  Want(fd, 0);
}

SocketPoll::Watch& SocketPoll::WatchOf(int fd) {
  const auto index = static_cast<std::size_t>(fd);
  if (index >= watches_.size()) watches_.resize(index + 1);
  return watches_[index];
}

void SocketPoll::Register(int fd, Watch& watch, std::uint32_t events) {
  if (events == watch.registered) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = (std::uint64_t{watch.generation} << 32U) | static_cast<std::uint32_t>(fd);
  const int operation = events == 0             ? EPOLL_CTL_DEL
                        : watch.registered == 0 ? EPOLL_CTL_ADD
                                                : EPOLL_CTL_MOD;
  // It fails on what is no socket any more, and then there is nothing to wait for.
  epoll_ctl(epoll_.native_handle(), operation, fd, &event);
  watch.registered = events;
  if (events == 0) ++watch.generation;
}

void SocketPoll::Arm() {
  if (is_armed_) return;
  is_armed_ = true;
  epoll_.async_wait(
      boost::asio::posix::stream_descriptor::wait_read,
      [this, life = std::weak_ptr(life_)](const boost::system::error_code& cancelled) {
        if (life.expired()) return;
        is_armed_ = false;
        if (!cancelled) TakeEvents();
        if (wanting_ > 0) Arm();
      });
}

void SocketPoll::TakeEvents() {
  std::array<epoll_event, kMostEvents> events;
  const int count = epoll_wait(epoll_.native_handle(), events.data(), kMostEvents, 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    const int fd = static_cast<int>(event.data.u64 & 0xffffffffU);
    Watch& watch = watches_[static_cast<std::size_t>(fd)];
    // Skip events of a socket that was closed meanwhile, though its number may be in use again.
    if (watch.generation != event.data.u64 >> 32U) continue;
    if (watch.wanted == 0) {
      // The other end has closed an idle connection.
      Register(fd, watch, 0);
      continue;
    }
    const bool has_failed = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    on_ready_(fd, has_failed ? watch.wanted : event.events & watch.wanted);
  }
}

}  // namespace balance
