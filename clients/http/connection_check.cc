#include "clients/http/connection_check.h"

#include <linux/sockios.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace balance {
namespace {

// The header of a TLS record: type, version and length.
constexpr std::size_t kRecordHeader = 5;
constexpr unsigned char kAlertRecord = 21;
constexpr unsigned char kProtectedRecord = 23;
// Length of an encrypted alert of TLS 1.3, whose record type is encrypted too: two bytes of the
// alert, one for the type, and an authentication tag of 16.
constexpr std::size_t kProtectedAlertBytes = 19;

// True if the record is a TLS alert, which a peer sends before it closes in good order.
bool IsAlert(const std::array<unsigned char, kRecordHeader>& header, std::size_t count) {
  if (count < kRecordHeader) return false;
  const std::size_t length = std::size_t{header[3]} * 256 + header[4];
  return header[0] == kAlertRecord ||
         (header[0] == kProtectedRecord && length == kProtectedAlertBytes);
}

}  // namespace

bool HasExpired(const SSL* tls) {
  const STACK_OF(X509)* const chain = SSL_get0_verified_chain(tls);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    if (X509_cmp_current_time(X509_get0_notAfter(sk_X509_value(chain, i))) <= 0) return true;
  }
  return false;
}

std::optional<ConnectionDrop> WhyUnfit(const OpenConnection& connection) {
  if (connection.tls && SSL_has_pending(connection.tls) != 0) return ConnectionDrop::kUnaskedBytes;
  if (connection.tls && connection.is_new) return std::nullopt;
  if (connection.tls && HasExpired(connection.tls)) return ConnectionDrop::kCertificateExpired;
  std::array<unsigned char, kRecordHeader> header;
  const ssize_t count =
      recv(connection.socket, header.data(), header.size(), MSG_PEEK | MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
  if (count <= 0) return ConnectionDrop::kClosedByPeer;
  if (connection.tls && IsAlert(header, static_cast<std::size_t>(count))) {
    return ConnectionDrop::kClosedByPeer;
  }
  return ConnectionDrop::kUnaskedBytes;
}

Error NewConnectionUnfit(ConnectionDrop why) {
  Error error{ErrorKind::kUnreachable,
              why == ConnectionDrop::kClosedByPeer
                  ? "the upstream closes new connections before a request can be sent"
                  : "new connections hold an answer before there is a request"};
  error.is_transient = true;
  error.is_connect_failure = true;
  return error;
}

std::optional<int> UnacknowledgedBytes(int socket) {
  int bytes = 0;
  if (ioctl(socket, SIOCOUTQ, &bytes) != 0) return std::nullopt;
  return bytes;
}

}  // namespace balance
