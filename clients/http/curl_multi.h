#pragma once

// libcurl's multi handle on an event loop: libcurl says which sockets and which time it waits for,
// the loop watches them and tells libcurl.

#include <curl/curl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "clients/http/curl_transfer.h"

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

 private:
  struct Watch;
  struct Life {};

  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* self, void* watch);
  static int OnTimer(CURLM* multi, long timeout_ms, void* self);

  void Unwatch(curl_socket_t fd);
  void Arm(const std::shared_ptr<Watch>& watch);
  void OnReady(const std::shared_ptr<Watch>& watch, int ready);
  void Act(curl_socket_t fd, int ready);

  boost::asio::io_context& loop_;
  boost::asio::steady_timer timer_;
  CURLM* multi_;
  std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watches_;
  std::unordered_set<CurlTransfer*> transfers_;
  // Handlers that the loop has already queued run even if we are gone; they look here first.
  const std::shared_ptr<Life> life_ = std::make_shared<Life>();
};

}  // namespace balance
