#pragma once

// libcurl's multi handle on an event loop: libcurl says which sockets and which time it waits for,
// the loop watches them and tells libcurl.

#include <curl/curl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <unordered_set>

#include "clients/http/curl_transfer.h"
#include "clients/http/socket_poll.h"

namespace balance {

// Used on its loop's thread only.
class CurlMulti {
 public:
  explicit CurlMulti(boost::asio::io_context& loop);
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;
  // Aborts the transfers that are under way.
  ~CurlMulti();

  // Starts a transfer; it is finished from the loop, never from here. False if libcurl is out of
  // memory, and then nothing is started.
  bool Add(CurlTransfer& transfer);
  // Takes a transfer back; fine if it has ended.
  void Remove(CurlTransfer& transfer);

  // Transfers that are under way.
  std::size_t size() const { return transfers_.size(); }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Life {};

  static curl_socket_t OpenSocket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int CloseSocket(void* self, curl_socket_t fd);
  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* self, void* ours);
  static int OnTimer(CURLM* multi, long timeout_ms, void* self);

  // Has its sockets opened and closed here.
  bool Prepare(CURL* easy);
  void WakeAt(TimePoint when);
  void OnWake();
  void OnReady(int fd, std::uint32_t ready);
  void Act(curl_socket_t fd, int ready);

  boost::asio::io_context& loop_;
  boost::asio::steady_timer timer_;
  // When libcurl wants to be called; max: not at all.
  TimePoint due_ = TimePoint::max();
  // When the timer fires, at `due_` or before; max: not at all.
  TimePoint wakes_ = TimePoint::max();
  CURLM* multi_;
  SocketPoll sockets_;
  std::unordered_set<CurlTransfer*> transfers_;
  // Handlers that the loop has already queued run even if we are gone; they look here first.
  const std::shared_ptr<Life> life_ = std::make_shared<Life>();
};

}  // namespace balance
