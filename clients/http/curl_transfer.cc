#include "clients/http/curl_transfer.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

namespace balance {
namespace {

using std::chrono::milliseconds;

constexpr Duration kMaxConnectTimeout = std::chrono::seconds(2);
// Slower than this for this long is as good as dead.
constexpr long kLowSpeedBytesPerSecond = 1;
constexpr long kLowSpeedSeconds = 5;
// Balancers close idle connections without a word, so ours do not grow old.
constexpr long kMaxIdleSeconds = 25;
constexpr long kMaxConnectionSeconds = 300;
constexpr std::size_t kMaxHeaderBytes = 64 * 1024;

// libcurl takes 0 for "no limit".
long ToMilliseconds(Duration duration) {
  return std::max<long>(1, std::chrono::ceil<milliseconds>(duration).count());
}

std::string SecondsText(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", std::chrono::duration<double>(duration).count());
  return text;
}

bool IsSendable(const HttpHeader& header) {
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  };
  return !header.name.empty() && header.name.find(':') == std::string::npos &&
         std::none_of(header.name.begin(), header.name.end(), is_control) &&
         std::none_of(header.value.begin(), header.value.end(), is_control);
}

template <typename T>
void Set(CURL* easy, CURLoption option, T value) {
  // Fails only for options that this libcurl was built without; none of ours is one.
  curl_easy_setopt(easy, option, value);
}

}  // namespace

CurlTransfer::CurlTransfer(boost::asio::any_io_executor executor, HttpRequest request,
                           const std::string& user_agent, std::size_t max_body_bytes)
    : request_(std::move(request)),
      max_body_bytes_(max_body_bytes),
      done_(std::move(executor), boost::asio::steady_timer::time_point::max()) {
  if (request_.timeout <= Duration::zero()) {
    result_ = Fail(ErrorKind::kInvalidInput, "the request has no time left");
    return;
  }
  if (!AddHeaders()) {
    result_ = Fail(ErrorKind::kInvalidInput,
                   "a request header holds a control character; check the credential");
    return;
  }
  easy_ = curl_easy_init();
  if (!easy_) {
    result_ = Fail(ErrorKind::kInternal, "libcurl is out of memory");
    return;
  }
  Configure(user_agent);
}

CurlTransfer::~CurlTransfer() {
  if (easy_) curl_easy_cleanup(easy_);
  curl_slist_free_all(header_list_);
}

bool CurlTransfer::AddHeaders() {
  for (const HttpHeader& header : request_.headers) {
    if (!IsSendable(header)) return false;
    // A value that is empty is written with a semicolon, or libcurl leaves the header out.
    const std::string line =
        header.value.empty() ? header.name + ";" : header.name + ": " + header.value;
    curl_slist* longer = curl_slist_append(header_list_, line.c_str());
    if (!longer) return false;
    header_list_ = longer;
  }
  return true;
}

void CurlTransfer::Configure(const std::string& user_agent) {
  const Duration connect_timeout = std::min(kMaxConnectTimeout, request_.timeout);
  Set(easy_, CURLOPT_URL, request_.url.c_str());
  Set(easy_, CURLOPT_PRIVATE, this);
  Set(easy_, CURLOPT_HTTPHEADER, header_list_);
  Set(easy_, CURLOPT_USERAGENT, user_agent.c_str());
  Set(easy_, CURLOPT_TIMEOUT_MS, ToMilliseconds(request_.timeout));
  Set(easy_, CURLOPT_CONNECTTIMEOUT_MS, ToMilliseconds(connect_timeout));
  Set(easy_, CURLOPT_LOW_SPEED_LIMIT, kLowSpeedBytesPerSecond);
  Set(easy_, CURLOPT_LOW_SPEED_TIME, kLowSpeedSeconds);
  // HTTP/2 of libcurl 7.88.1 can report cut bodies as complete.
  Set(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  Set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  // Our headers, keys among them, would follow a redirect to another origin.
  Set(easy_, CURLOPT_FOLLOWLOCATION, 0L);
  Set(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
  Set(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
  Set(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!request_.ca_file.empty()) Set(easy_, CURLOPT_CAINFO, request_.ca_file.c_str());
  // Proxies of the environment would see the keys.
  Set(easy_, CURLOPT_PROXY, "");
  Set(easy_, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  Set(easy_, CURLOPT_NOSIGNAL, 1L);
  // A resolver that hangs must not block the loop when its transfer is given up.
  Set(easy_, CURLOPT_QUICK_EXIT, 1L);
  Set(easy_, CURLOPT_MAXAGE_CONN, kMaxIdleSeconds);
  Set(easy_, CURLOPT_MAXLIFETIME_CONN, kMaxConnectionSeconds);
  Set(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
  Set(easy_, CURLOPT_HEADERFUNCTION, &CurlTransfer::OnHeader);
  Set(easy_, CURLOPT_HEADERDATA, this);
  Set(easy_, CURLOPT_WRITEFUNCTION, &CurlTransfer::OnBody);
  Set(easy_, CURLOPT_WRITEDATA, this);
}

std::size_t CurlTransfer::OnHeader(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::size_t bytes = size * count;
  transfer.header_bytes_ += bytes;
  if (transfer.header_bytes_ > kMaxHeaderBytes) {
    transfer.too_large_ = true;
    return 0;
  }
  transfer.TakeHeaderLine({data, bytes});
  return bytes;
}

void CurlTransfer::TakeHeaderLine(std::string_view line) {
  // Each answer, an interim one included, begins with a status line; the last one counts.
  if (line.starts_with("HTTP/")) {
    response_.headers.clear();
    return;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const auto end = std::min(line.find_last_not_of("\r\n") + 1, line.size());
  response_.headers.push_back(
      {std::string(line.substr(0, colon)), std::string(line.substr(colon + 1, end - colon - 1))});
}

// Counts what was decoded: libcurl's own limit ignores chunked bodies.
std::size_t CurlTransfer::OnBody(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::size_t bytes = size * count;
  if (transfer.response_.body.size() + bytes > transfer.max_body_bytes_) {
    transfer.too_large_ = true;
    return 0;
  }
  transfer.response_.body.append(data, bytes);
  return bytes;
}

void CurlTransfer::Finish(CURLcode code) {
  if (code == CURLE_OK) {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    result_ = std::move(response_);
  } else {
    result_ = tl::unexpected(ErrorOf(code));
  }
  done_.cancel();
}

void CurlTransfer::Abort() { done_.cancel(); }

long CurlTransfer::new_connections() const {
  long count = 0;
  curl_easy_getinfo(easy_, CURLINFO_NUM_CONNECTS, &count);
  return count;
}

Error CurlTransfer::ErrorOf(CURLcode code) const {
  const auto error = [](ErrorKind kind, std::string message) {
    return Error{kind, std::move(message), std::nullopt, {}};
  };
  if (too_large_) {
    return error(ErrorKind::kReplyInvalid, "the answer is larger than a balance can be");
  }
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return error(ErrorKind::kUnreachable, "the host name could not be resolved");
    case CURLE_COULDNT_CONNECT:
      return error(ErrorKind::kUnreachable, "the connection was refused or could not be made");
    case CURLE_OPERATION_TIMEDOUT:
      return error(ErrorKind::kUnreachable,
                   "there was no complete answer within " + SecondsText(request_.timeout) + " s");
    case CURLE_PEER_FAILED_VERIFICATION:
      return error(ErrorKind::kUnreachable,
                   "the TLS certificate was not accepted; check the host name and tls_ca_file");
    case CURLE_SSL_CONNECT_ERROR:
      return error(ErrorKind::kUnreachable, "the TLS handshake failed");
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return error(ErrorKind::kUnreachable, "the connection ended before the answer was complete");
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
      return error(ErrorKind::kReplyInvalid, "the answer is not HTTP as it should be");
    case CURLE_URL_MALFORMAT:
      return error(ErrorKind::kInvalidInput, "the URL is malformed; check base_url");
    case CURLE_SSL_CACERT_BADFILE:
      return error(ErrorKind::kInvalidInput, "tls_ca_file cannot be read or is no PEM file");
    case CURLE_OUT_OF_MEMORY:
      return error(ErrorKind::kInternal, "libcurl is out of memory");
    default:
      return error(ErrorKind::kUnreachable,
                   std::string("the exchange failed: ") + curl_easy_strerror(code));
  }
}

}  // namespace balance
