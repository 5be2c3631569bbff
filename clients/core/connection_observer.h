#pragma once

// What the connections to upstreams tell about themselves, for metrics.

#include <array>
#include <cstdint>
#include <string_view>

#include "clients/core/source_info.h"

namespace balance {

// Why a connection was given up instead of carrying a request.
enum class ConnectionDrop : std::uint8_t {
  // It held bytes before the request was written, or an answer came before the upstream had the
  // request: an answer that nobody asked for.
  kUnaskedBytes,
  // The upstream has closed it.
  kClosedByPeer,
  // A certificate of the upstream, or of those who vouch for it, has expired since TLS began.
  kCertificateExpired,
};

inline constexpr int kConnectionDropCount =
    static_cast<int>(ConnectionDrop::kCertificateExpired) + 1;

// Name of each ConnectionDrop, indexed by it.
inline constexpr std::array<std::string_view, kConnectionDropCount> kConnectionDropNames = {
    "UNASKED_BYTES", "CLOSED_BY_PEER", "CERTIFICATE_EXPIRED"};

// Called on the thread of the connections; must not block.
class ConnectionObserver {
 public:
  virtual ~ConnectionObserver() = default;

  // `kind`: that of the request, which goes over another connection.
  virtual void OnConnectionDropped(SourceKind /*kind*/, ConnectionDrop /*why*/) {}
};

}  // namespace balance
