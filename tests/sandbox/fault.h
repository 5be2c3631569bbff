#pragma once

// One scripted misbehaviour of a side.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clients/core/clock.h"
#include "tests/sandbox/http_message.h"

namespace balance::sandbox {

enum class FaultKind : std::uint8_t {
  // The true answer; only `delay` applies.
  kPass,
  // `status`, `headers` and `body` as given, with a correct Content-Length.
  kReply,
  // The next four damage the answer described, or the true one where `status` is 0.
  //
  // Content-Length announces twice the body (at least one byte more), then close.
  kTruncated,
  // Chunked, closed in the middle of the second chunk.
  kCutChunked,
  // The body byte by byte with `drip` before each.
  kSlowBody,
  // Nothing after the headers; the connection stays open.
  kStallBody,
  // `body` verbatim instead of an HTTP answer, then close.
  kRaw,
  // Nothing, for as long as the client cares to wait.
  kHang,
  // RST.
  kReset,
  // FIN without an answer.
  kClose,
  // The true answer and, `drip` after it, the answer described, or the true one again where
  // `status` is 0. Nobody asked for the second; the connection stays.
  kUnasked,
};

struct Fault {
  FaultKind kind = FaultKind::kReply;
  // 0 is 200 for kReply.
  int status = 0;
  // Beside these only Date and Content-Length are sent. "{date+N}" as a value becomes the HTTP date
  // N seconds from the side's now.
  std::vector<Header> headers;
  std::string body;
  // Before the first byte, and before the kinds without an answer act.
  Duration delay = {};
  // Before each byte of a slow body, and before an unasked answer.
  Duration drip = std::chrono::milliseconds(100);
  // How many requests it meets; 0: all, until cleared.
  int count = 1;
  // Only requests for this path, of this key (see RequestRecord::key), not the first of their
  // connection. Others pass it by and do not use it up.
  std::string path;
  std::string key;
  bool reused_connection_only = false;
};

// Misbehaviours by name, from observations and vendor documents: `pm_...` for Polymarket US,
// `ps_...` for PolySimulator, others for both. Nullopt for an unknown name.
std::optional<Fault> CatalogueFault(std::string_view name);
std::vector<std::string_view> CatalogueNames();

}  // namespace balance::sandbox
