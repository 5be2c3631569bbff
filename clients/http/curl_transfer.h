#pragma once

// One HTTP exchange in libcurl's hands: its options, what has arrived so far, how it ended.

#include <curl/curl.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "clients/core/clock.h"
#include "clients/core/connection_observer.h"
#include "clients/http/connection_pool.h"
#include "clients/http/curl_handles.h"
#include "clients/http/http_transport.h"
#include "clients/http/trust_store.h"

namespace balance {

class CurlMulti;

// Lives in the coroutine that waits for it. Used on its loop's thread only.
class CurlTransfer {
 public:
  // `handles` and `trust` must outlive the transfer.
  CurlTransfer(const boost::asio::any_io_executor& executor, HttpRequest request,
               CurlHandles& handles, TrustStores& trust, std::size_t max_body_bytes);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;
  // REQUIRES: the handle is in no multi handle.
  ~CurlTransfer();

  // REQUIRES: no result() yet. Where libcurl would not take the request, there is one at once.
  CURL* easy() const { return easy_; }

  // Says which connection to use, to be made within what is left of the request's timeout. What was
  // resolved before `resolved_since` is resolved anew. To be called before each CurlMulti::Add().
  // False if libcurl refuses.
  bool UseConnection(ConnectionTag tag, SteadyTime resolved_since, SteadyTime now);
  ConnectionTag tag() const { return tag_; }

  // Time of the latest UseConnection(), after which the transfer was added at once.
  SteadyTime added_at() const { return added_at_; }

  // Adds the time for which this process was held up. From then on libcurl judges the transfer's
  // time no more; who drives the transfer ends it at overdue_at() (max: libcurl judges).
  void AddTime(Duration held_up);
  SteadyTime overdue_at() const;
  // Called by CurlMulti with itself when it takes the transfer.
  void set_multi(CurlMulti* multi) { multi_ = multi; }
  CurlMulti* multi() const { return multi_; }

  // Called when a socket for the transfer could not be made, with this `errno`.
  void NoteNoSocket(int error);

  // Called when libcurl is done: sets the result, or dropped(), and wakes who waits.
  void Finish(CURLcode code);
  // Wakes who waits without a result.
  void Abort();

  const std::optional<Result<HttpResponse>>& result() const { return result_; }
  // REQUIRES: there is a result.
  Result<HttpResponse> TakeResult() { return *std::move(result_); }
  // The reason for which the connection was given up. If there is no result then, the request is
  // unsent, and the transfer may be added again to send it on a new connection.
  const std::optional<ConnectionDrop>& dropped() const { return dropped_; }
  // Wakes who waits for the transfer, which has ended in one way or other.
  boost::asio::steady_timer& done() { return done_; }

  long new_connections() const;

 private:
  // Judges the connection, and returns true if the request may be written to it.
  bool MaySend();
  static int BeforeRequest(void* self, char* remote_ip, char* local_ip, int remote_port,
                           int local_port);
  // Has TLS verify the upstream by the CAs of TrustStores.
  static CURLcode OnTlsContext(CURL* easy, void* context, void* self);
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* self);

  bool AddHeaders();
  bool IsPost() const { return request_.method == HttpRequest::Method::kPost; }
  // False if libcurl refused an option.
  bool Configure();
  // Leaves nothing of this exchange in the handle.
  void Clear();
  Duration ConnectTimeout() const;
  void TakeHeaderLine(std::string_view line);
  Error ErrorOf(CURLcode code) const;
  std::string TimeoutText() const;

  HttpRequest request_;
  CurlHandles& handles_;
  TrustStores& trust_;
  const std::size_t max_body_bytes_;
  boost::asio::steady_timer done_;
  CURL* easy_ = nullptr;
  curl_slist* header_list_ = nullptr;
  CurlMulti* multi_ = nullptr;
  ConnectionTag tag_ = 0;
  std::optional<SteadyTime> started_;
  SteadyTime added_at_ = SteadyTime::min();
  // Time in which the loop did not run.
  Duration held_up_{};
  HttpResponse response_;
  bool was_sent_ = false;
  // True if this process or its machine may have no more sockets.
  bool lacks_sockets_ = false;
  std::optional<ConnectionDrop> dropped_;
  std::size_t header_bytes_ = 0;
  // True if the answer began before the request had arrived, so that it cannot be the answer.
  // Judged once more at the end, for TCP stacks that note late what data acknowledge.
  bool began_early_ = false;
  // True if the latest status line was a 1xx, which another one follows.
  bool is_interim_ = false;
  bool has_all_headers_ = false;
  bool too_large_ = false;
  std::optional<Result<HttpResponse>> result_;
};

}  // namespace balance
