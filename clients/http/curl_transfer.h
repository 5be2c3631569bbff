#pragma once

// One HTTP exchange in libcurl's hands: its options, what has arrived so far, how it ended.

#include <curl/curl.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "clients/http/curl_handles.h"
#include "clients/http/http_transport.h"

namespace balance {

// Lives in the coroutine that waits for it. Used on its loop's thread only.
class CurlTransfer {
 public:
  // `handles` must outlive the transfer.
  CurlTransfer(boost::asio::any_io_executor executor, HttpRequest request, CurlHandles& handles,
               std::size_t max_body_bytes);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;
  // REQUIRES: the handle is in no multi handle.
  ~CurlTransfer();

  // REQUIRES: no result() yet. Where libcurl would not take the request, there is one at once.
  CURL* easy() const { return easy_; }

  // Called when libcurl is done: sets the result and wakes who waits.
  void Finish(CURLcode code);
  // Wakes who waits without a result.
  void Abort();

  const std::optional<Result<HttpResponse>>& result() const { return result_; }
  // Expires when there is a result or none will come.
  boost::asio::steady_timer& done() { return done_; }

  long new_connections() const;

 private:
  static int BeforeRequest(void* self, char* remote_ip, char* local_ip, int remote_port,
                           int local_port);
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* self);

  bool AddHeaders();
  // False if libcurl refused an option.
  bool Configure();
  // So that nothing of this exchange is left in the handle.
  void Clear();
  Duration ConnectTimeout() const;
  void TakeHeaderLine(std::string_view line);
  Error ErrorOf(CURLcode code) const;
  std::string TimeoutText() const;

  const HttpRequest request_;
  CurlHandles& handles_;
  const std::size_t max_body_bytes_;
  boost::asio::steady_timer done_;
  CURL* easy_ = nullptr;
  curl_slist* header_list_ = nullptr;
  HttpResponse response_;
  bool was_sent_ = false;
  std::size_t header_bytes_ = 0;
  bool too_large_ = false;
  std::optional<Result<HttpResponse>> result_;
};

}  // namespace balance
