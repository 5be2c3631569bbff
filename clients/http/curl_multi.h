#pragma once

// libcurl's multi handle on an event loop: libcurl says which sockets and which time it waits for,
// the loop watches them and tells libcurl. Knows which socket belongs to which connection.
//
// Time in which the loop did not run, because the process was stopped or its machine overloaded, is
// not held against an upstream: libcurl would judge a transfer's time before it reads what has
// arrived meanwhile. Such time is added to each transfer's own.

#include <curl/curl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "clients/http/connection_pool.h"
#include "clients/http/curl_transfer.h"
#include "clients/http/socket_poll.h"

namespace balance {

// Used on its loop's thread only.
class CurlMulti {
 public:
  // Never has more than `most_connections` open; transfers beyond wait inside libcurl.
  CurlMulti(boost::asio::io_context& loop, std::size_t most_connections,
            std::chrono::seconds max_idle);
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;
  // Aborts the transfers that are under way.
  ~CurlMulti();

  // Starts a transfer; it is finished from the loop, never from here. False if libcurl is out of
  // memory, and then nothing is started.
  bool Add(CurlTransfer& transfer);
  // Takes a transfer back; fine if it has ended.
  void Remove(CurlTransfer& transfer);

  // Closes the connections that have been idle for too long or that the other end has closed.
  // libcurl does so by itself only when it looks for a connection.
  void CloseIdle();

  // Number of sockets that are open, idle ones included.
  std::size_t open_sockets() const { return socket_of_.size(); }

  // The socket of a connection, -1 if none is open or libcurl still tries several addresses.
  int SocketOf(ConnectionTag tag) const;

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Life {};

  // libcurl's callback for a socket of `transfer`.
  static curl_socket_t OpenSocket(void* transfer, curlsocktype purpose, curl_sockaddr* address);
  static int CloseSocket(void* self, curl_socket_t fd);
  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* self, void* ours);
  static int OnTimer(CURLM* multi, long timeout_ms, void* self);

  // Makes libcurl open and close the transfer's sockets through us.
  bool Prepare(CurlTransfer& transfer);
  // Makes the handle of CloseIdle(). False if libcurl is out of memory.
  bool MakeSweeper();
  // Called when libcurl says when it wants to be called; unset: it does not.
  void SetDue(std::optional<std::chrono::milliseconds> from_now);
  void WakeAt(TimePoint when);
  void OnWake();
  // Gives the transfers the time by which the loop is late, each as much of it as it was there for.
  void MakeUpForLateness(SteadyTime now);
  // Ends the transfers whose time, with what was added, is over. libcurl does not judge those.
  void EndOverdue();
  void PlanOverdue();
  void OnReady(int fd, std::uint32_t ready);
  void Act(curl_socket_t fd, int ready);

  boost::asio::io_context& loop_;
  const std::chrono::seconds max_idle_;
  boost::asio::steady_timer timer_;
  // Time at which libcurl wants to be called; max: it waits for no time.
  TimePoint due_ = TimePoint::max();
  // Time at which the timer fires, `due_` or before; max: it is not set.
  TimePoint wakes_ = TimePoint::max();
  // `due_` on the clock that counts suspends, by which lateness is judged.
  SteadyTime due_counting_suspends_ = SteadyTime::max();
  // Latest time at which an unhindered loop would call libcurl next, by which the loop's lateness
  // is measured; max: no call is planned.
  SteadyTime awaited_ = SteadyTime::max();
  boost::asio::steady_timer overdue_timer_;
  CURLM* multi_;
  // Null until CloseIdle() needs it.
  CURL* sweeper_ = nullptr;
  bool is_sweeping_ = false;
  SocketPoll sockets_;
  std::unordered_set<CurlTransfer*> transfers_;
  // Socket of each connection, indexed by its tag; several while libcurl tries several addresses.
  std::unordered_multimap<ConnectionTag, int> socket_of_;
  // Tag of the connection of each socket, indexed by socket.
  std::vector<ConnectionTag> tag_of_;
  // Handlers that the loop has already queued run even if we are gone; they look here first.
  const std::shared_ptr<Life> life_ = std::make_shared<Life>();
};

}  // namespace balance
