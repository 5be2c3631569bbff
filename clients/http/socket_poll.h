#pragma once

// Which of many sockets are ready, on an event loop: for a library that opens and closes sockets
// itself and says anew for each exchange what it waits for.

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace balance {

// Used on its loop's thread only. Asio's own descriptors would do, but need three or four system
// calls for an exchange on a connection that has long been open; here such a socket stays
// registered. Nothing holds the loop while no socket is waited for.
class SocketPoll {
 public:
  // `ready` holds EPOLLIN, EPOLLOUT or both. Maybe ready: the socket must not block. May do
  // anything here but destroy the poll.
  using OnReady = std::function<void(int fd, std::uint32_t ready)>;

  // Throws boost::system::system_error if the system has no descriptors left.
  SocketPoll(boost::asio::io_context& loop, OnReady on_ready);
  SocketPoll(const SocketPoll&) = delete;
  SocketPoll& operator=(const SocketPoll&) = delete;
  ~SocketPoll() = default;

  // From now on `on_ready` is called, from the loop, whenever the socket is ready for one of
  // `events`: EPOLLIN, EPOLLOUT or both; 0: no more.
  void Want(int fd, std::uint32_t events);

  // The socket stays registered while nothing is wanted of it. REQUIRES: Forget() is called before
  // it is closed.
  void Keep(int fd);
  void Forget(int fd);

 private:
  struct Life {};
  struct Watch {
    std::uint32_t wanted = 0;
    // What the kernel is asked for. Of one that is kept EPOLLIN may stay: an idle connection has
    // nothing to read.
    std::uint32_t registered = 0;
    bool is_kept = false;
    // Of the socket that has this number now.
    std::uint32_t generation = 0;
  };

  Watch& WatchOf(int fd);
  void Register(int fd, Watch& watch, std::uint32_t events);
  void Arm();
  void TakeEvents();

  boost::asio::posix::stream_descriptor epoll_;
  const OnReady on_ready_;
  // By file descriptor.
  std::vector<Watch> watches_;
  std::size_t wanting_ = 0;
  bool is_armed_ = false;
  // Handlers that the loop has already queued run even if we are gone; they look here first.
  const std::shared_ptr<Life> life_ = std::make_shared<Life>();
};

}  // namespace balance
