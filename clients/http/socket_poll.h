#pragma once

// Tells which of many sockets are ready, on an event loop. It serves a library that opens and
// closes sockets itself, and says anew for each exchange which of them it waits for.

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
  // Called with the events for which the socket may be ready: EPOLLIN, EPOLLOUT or both. It may not
  // be ready after all, so the socket must not block. The callback may do anything here but destroy
  // the poll.
  using OnReady = std::function<void(int fd, std::uint32_t ready)>;

  // Throws boost::system::system_error if the system has no descriptors left.
  SocketPoll(boost::asio::io_context& loop, OnReady on_ready);
  SocketPoll(const SocketPoll&) = delete;
  SocketPoll& operator=(const SocketPoll&) = delete;
  ~SocketPoll() = default;

  // Has `on_ready` called, from the loop, whenever the socket is ready for one of `events`:
  // EPOLLIN, EPOLLOUT or both. With 0 it is called no more.
  void Want(int fd, std::uint32_t events);

  // Keeps the socket registered while nothing is wanted of it. REQUIRES: Forget() is called before
  // it is closed.
  void Keep(int fd);
  void Forget(int fd);

 private:
  struct Life {};
  struct Watch {
    std::uint32_t wanted = 0;
    // Events that the kernel is asked for. A socket that is kept may stay registered for EPOLLIN:
    // an idle connection has nothing to read.
    std::uint32_t registered = 0;
    bool is_kept = false;
    // Tells the socket that has this number now from earlier ones that had it.
    std::uint32_t generation = 0;
  };

  Watch& WatchOf(int fd);
  void Register(int fd, Watch& watch, std::uint32_t events);
  void Arm();
  void TakeEvents();

  boost::asio::posix::stream_descriptor epoll_;
  const OnReady on_ready_;
  // State of each socket, indexed by file descriptor.
  std::vector<Watch> watches_;
  std::size_t wanting_ = 0;
  bool is_armed_ = false;
  // Handlers that the loop has already queued run even if we are gone; they look here first.
  const std::shared_ptr<Life> life_ = std::make_shared<Life>();
};

}  // namespace balance
