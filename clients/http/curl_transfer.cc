#include "clients/http/curl_transfer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <utility>

#include "clients/core/secret.h"
#include "clients/http/connection_check.h"
#include "clients/http/curl_multi.h"

namespace balance {
namespace {

using std::chrono::milliseconds;

constexpr Duration kMaxConnectTimeout = std::chrono::seconds(2);
// Longest time for which a resolved address is used before its name is resolved again.
constexpr Duration kMaxResolved = std::chrono::seconds(60);
constexpr std::size_t kMaxHeaderBytes = std::size_t{64} * 1024;
// Body of a POST. libcurl keeps the pointer.
constexpr const char* kEmptyJson = "{}";

// Rounds up to at least 1, since libcurl takes 0 for "no limit".
long ToMilliseconds(Duration duration) {
  return std::max<long>(1, std::chrono::ceil<milliseconds>(duration).count());
}

// libcurl counts the age of an address in whole seconds. Rounded up, a time below a second would
// let it use one that was resolved before that time began; 0 always resolves.
long ToSeconds(Duration duration) {
  return static_cast<long>(std::chrono::floor<std::chrono::seconds>(duration).count());
}

std::string SecondsText(Duration duration) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.3g", std::chrono::duration<double>(duration).count());
  return text.data();
}

bool IsSendable(const HttpHeader& header) {
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  };
  return !header.name.empty() && header.name.find(':') == std::string::npos &&
         std::none_of(header.name.begin(), header.name.end(), is_control) &&
         std::none_of(header.value.begin(), header.value.end(), is_control);
}

Error MakeError(ErrorKind kind, std::string message) {
  Error error{kind, std::move(message)};
  error.is_transient = kind == ErrorKind::kUnreachable;
  return error;
}

// The failure of a certificate that is not accepted: no transient trouble, and perhaps due to the
// CAs that this source is configured to trust.
Error Unverified() {
  Error error{ErrorKind::kUnreachable,
              "the TLS certificate was not accepted; check the host name and tls_ca_file"};
  error.may_be_configuration = true;
  return error;
}

// The failure of this process to get a socket, which says nothing about the upstream.
Error NoSocket() {
  Error error = MakeError(ErrorKind::kUnreachable,
                          "this service could open no socket; raise its limit of open files, or "
                          "free memory of its machine");
  error.is_local = true;
  return error;
}

bool IsLackOfSockets(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

// True if no socket can be opened now, which it finds out by trying.
bool LacksSockets() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return IsLackOfSockets(errno);
  close(probe);
  return false;
}

Error Unasked() {
  return MakeError(ErrorKind::kUnreachable,
                   "an answer came before the request had arrived, so it was not taken for the "
                   "answer");
}

Error TooLarge() {
  return MakeError(ErrorKind::kReplyInvalid, "the answer is larger than a balance can be");
}

}  // namespace

CurlTransfer::CurlTransfer(const boost::asio::any_io_executor& executor, HttpRequest request,
                           CurlHandles& handles, TrustStores& trust, std::size_t max_body_bytes)
    : request_(std::move(request)),
      handles_(handles),
      trust_(trust),
      max_body_bytes_(max_body_bytes),
      done_(executor, boost::asio::steady_timer::time_point::max()) {
  if (request_.timeout <= Duration::zero()) {
    result_ = Fail(ErrorKind::kInvalidInput, "the request has no time left");
    return;
  }
  if (!AddHeaders()) {
    result_ = Fail(ErrorKind::kInvalidInput,
                   "a request header holds a control character; check the credential");
    return;
  }
  easy_ = handles_.Take();
  if (!easy_ || !Configure()) {
    result_ = Fail(ErrorKind::kInternal, "libcurl is out of memory");
  }
}

CurlTransfer::~CurlTransfer() {
  if (easy_) {
    Clear();
    handles_.Give(easy_);
  }
  curl_slist_free_all(header_list_);
  // Wipe the headers: secrets are among them.
  for (HttpHeader& header : request_.headers) Wipe(header.value);
}

bool CurlTransfer::AddHeaders() {
  std::string line;
  // Room enough for most headers, so that growing seldom leaves a copy behind.
  line.reserve(256);
  for (const HttpHeader& header : request_.headers) {
    if (!IsSendable(header)) return false;
    // A value that is empty is written with a semicolon, or libcurl leaves the header out.
    line.append(header.name).append(header.value.empty() ? ";" : ": ").append(header.value);
    curl_slist* longer = curl_slist_append(header_list_, line.c_str());
    Wipe(line);
    if (!longer) return false;
    header_list_ = longer;
  }
  return true;
}

bool CurlTransfer::Configure() {
  bool accepted = true;
  const auto set = [this, &accepted](CURLoption option, auto value) {
    if (curl_easy_setopt(easy_, option, value) != CURLE_OK) accepted = false;
  };
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_HTTPHEADER, header_list_);
  // Giving libcurl a body makes the request a POST.
  if (IsPost()) set(CURLOPT_POSTFIELDS, kEmptyJson);
  set(CURLOPT_PREREQFUNCTION, &CurlTransfer::BeforeRequest);
  set(CURLOPT_PREREQDATA, this);
  set(CURLOPT_SSL_CTX_FUNCTION, &CurlTransfer::OnTlsContext);
  set(CURLOPT_SSL_CTX_DATA, this);
  set(CURLOPT_HEADERFUNCTION, &CurlTransfer::OnHeader);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &CurlTransfer::OnBody);
  set(CURLOPT_WRITEDATA, this);
  return accepted;
}

void CurlTransfer::Clear() {
  for (const CURLoption option :
       {CURLOPT_PRIVATE, CURLOPT_HTTPHEADER, CURLOPT_PREREQDATA, CURLOPT_HEADERDATA,
        CURLOPT_WRITEDATA, CURLOPT_OPENSOCKETDATA, CURLOPT_SSL_CTX_DATA}) {
    curl_easy_setopt(easy_, option, nullptr);
  }
  if (IsPost()) {
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, nullptr);
    curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
  }
  if (held_up_ > Duration::zero()) {
    curl_easy_setopt(easy_, CURLOPT_LOW_SPEED_TIME, kLowSpeedSeconds);
  }
}

Duration CurlTransfer::ConnectTimeout() const {
  return std::min(kMaxConnectTimeout, request_.timeout);
}

bool CurlTransfer::UseConnection(ConnectionTag tag, SteadyTime resolved_since, SteadyTime now) {
  if (!started_) started_ = now;
  added_at_ = now;
  tag_ = tag;
  dropped_.reset();
  lacks_sockets_ = false;
  const Duration left = request_.timeout + held_up_ - (now - *started_);
  const auto resolved_for = resolved_since == SteadyTime::min()
                                ? kMaxResolved
                                : std::min<Duration>(kMaxResolved, now - resolved_since);
  const auto set = [this](CURLoption option, long value) {
    return curl_easy_setopt(easy_, option, value) == CURLE_OK;
  };
  return set(CURLOPT_ADDRESS_SCOPE, static_cast<long>(tag)) &&
         set(CURLOPT_DNS_CACHE_TIMEOUT, ToSeconds(resolved_for)) &&
         set(CURLOPT_TIMEOUT_MS, ToMilliseconds(left)) &&
         set(CURLOPT_CONNECTTIMEOUT_MS, ToMilliseconds(std::min(left, ConnectTimeout())));
}

void CurlTransfer::AddTime(Duration held_up) {
  held_up_ += held_up;
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, 0L);
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, ToMilliseconds(request_.timeout + held_up_));
  curl_easy_setopt(easy_, CURLOPT_LOW_SPEED_TIME, 0L);
}

SteadyTime CurlTransfer::overdue_at() const {
  if (held_up_ == Duration::zero()) return SteadyTime::max();
  return *started_ + request_.timeout + held_up_;
}

// Called by libcurl before it writes a request. Aborts if the connection is not fit, and the second
// time: where a reused connection ends without an answer, libcurl would send the same bytes again,
// which means a signature used twice and a request that no rate budget has counted.
int CurlTransfer::BeforeRequest(void* self, char*, char*, int, int) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  if (transfer.was_sent_ || !transfer.MaySend()) return CURL_PREREQFUNC_ABORT;
  transfer.was_sent_ = true;
  return CURL_PREREQFUNC_OK;
}

bool CurlTransfer::MaySend() {
  curl_tlssessioninfo* tls = nullptr;
  curl_easy_getinfo(easy_, CURLINFO_TLS_SSL_PTR, &tls);
  const OpenConnection connection{multi_->SocketOf(tag_),
                                  tls ? static_cast<SSL*>(tls->internals) : nullptr,
                                  new_connections() > 0};
  dropped_ = WhyUnfit(connection);
  return !dropped_;
}

CURLcode CurlTransfer::OnTlsContext(CURL*, void* context, void* self) {
  const auto& transfer = *static_cast<const CurlTransfer*>(self);
  X509_STORE* const store = transfer.trust_.Of(transfer.request_.ca_file);
  if (!store) return CURLE_SSL_CACERT_BADFILE;
  Trust(static_cast<SSL_CTX*>(context), store);
  return CURLE_OK;
}

std::size_t CurlTransfer::OnHeader(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::size_t bytes = size * count;
  if (transfer.header_bytes_ == 0) {
    transfer.began_early_ = UnacknowledgedBytes(transfer.multi_->SocketOf(transfer.tag_)) > 0;
  }
  transfer.header_bytes_ += bytes;
  if (transfer.header_bytes_ > kMaxHeaderBytes) {
    transfer.too_large_ = true;
    return 0;
  }
  transfer.TakeHeaderLine({data, bytes});
  return bytes;
}

void CurlTransfer::TakeHeaderLine(std::string_view line) {
  // Skip lines after the headers' end: they are the trailer of a chunked body, whose fields are no
  // headers.
  if (has_all_headers_) return;
  const auto end = std::min(line.find_last_not_of("\r\n") + 1, line.size());
  if (end == 0) {
    has_all_headers_ = !is_interim_;
    return;
  }
  // Each answer, an interim one included, begins with a status line; the last one counts.
  if (line.starts_with("HTTP/")) {
    response_.headers.clear();
    const auto status = line.find(' ');
    is_interim_ = status != std::string_view::npos && line.substr(status + 1).starts_with('1');
    return;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
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

void CurlTransfer::NoteNoSocket(int error) {
  if (IsLackOfSockets(error)) lacks_sockets_ = true;
}

void CurlTransfer::Finish(CURLcode code) {
  if (began_early_ && UnacknowledgedBytes(multi_->SocketOf(tag_)) != 0) {
    dropped_ = ConnectionDrop::kUnaskedBytes;
  }
  if (dropped_ && !was_sent_) {
    // No result: the request may go over another connection.
  } else if (code == CURLE_OK && !dropped_) {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    result_ = std::move(response_);
  } else {
    Error error = ErrorOf(code);
    // A local fault, and a certificate that is not accepted, are what they are however long the
    // process was held up.
    const bool may_be_ours = error.is_local || error.may_be_configuration;
    if (held_up_ > Duration::zero() && error.kind == ErrorKind::kUnreachable && !may_be_ours) {
      error.is_held_up = true;
      error.message += " (this service itself was held up for " + SecondsText(held_up_) + " s)";
    }
    error.is_connect_failure =
        error.kind == ErrorKind::kUnreachable && !may_be_ours && !error.is_held_up && !was_sent_;
    result_ = tl::unexpected(std::move(error));
  }
  done_.cancel();
}

void CurlTransfer::Abort() { done_.cancel(); }

long CurlTransfer::new_connections() const {
  long count = 0;
  curl_easy_getinfo(easy_, CURLINFO_NUM_CONNECTS, &count);
  return count;
}

std::string CurlTransfer::TimeoutText() const {
  curl_off_t until_request_us = 0;
  curl_off_t total_us = 0;
  curl_easy_getinfo(easy_, CURLINFO_PRETRANSFER_TIME_T, &until_request_us);
  curl_easy_getinfo(easy_, CURLINFO_TOTAL_TIME_T, &total_us);
  if (until_request_us == 0) {
    return "no connection could be made within " + SecondsText(ConnectTimeout()) + " s";
  }
  if (std::chrono::microseconds(total_us) < request_.timeout) {
    return "nothing of the answer arrived for " + std::to_string(kLowSpeedSeconds) + " s";
  }
  return "there was no complete answer within " + SecondsText(request_.timeout) + " s";
}

Error CurlTransfer::ErrorOf(CURLcode code) const {
  if (dropped_) return Unasked();
  if (too_large_) return TooLarge();
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      // The resolver needs a socket too, and does not say that it got none.
      if (LacksSockets()) return NoSocket();
      return MakeError(ErrorKind::kUnreachable, "the host name could not be resolved");
    case CURLE_COULDNT_CONNECT:
      if (lacks_sockets_) return NoSocket();
      return MakeError(ErrorKind::kUnreachable, "the connection was refused or could not be made");
    case CURLE_OPERATION_TIMEDOUT:
      return MakeError(ErrorKind::kUnreachable, TimeoutText());
    case CURLE_PEER_FAILED_VERIFICATION:
      return Unverified();
    case CURLE_SSL_CONNECT_ERROR:
      return MakeError(ErrorKind::kUnreachable, "the TLS handshake failed");
    case CURLE_ABORTED_BY_CALLBACK:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      return MakeError(ErrorKind::kUnreachable,
                       "the connection ended before the answer was complete");
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
      return MakeError(ErrorKind::kReplyInvalid, "the answer is not HTTP as it should be");
    case CURLE_URL_MALFORMAT:
      return MakeError(ErrorKind::kInvalidInput, "the URL is malformed; check base_url");
    case CURLE_SSL_CACERT_BADFILE:
      return MakeError(ErrorKind::kInvalidInput, "tls_ca_file cannot be read or is no PEM file");
    case CURLE_OUT_OF_MEMORY:
      // libcurl returns this for a header line without end, too, which OnHeader() never gets.
      if (header_bytes_ > 0) return TooLarge();
      return MakeError(ErrorKind::kInternal, "libcurl is out of memory");
    default:
      return MakeError(ErrorKind::kUnreachable,
                       std::string("the exchange failed: ") + curl_easy_strerror(code));
  }
}

}  // namespace balance
