#include "service/transport/answer_headers.h"

#include <array>
#include <string>
#include <vector>

#include "clients/core/utf8.h"
#include "service/transport/grpc_wire.h"

namespace balance {
namespace {

constexpr std::string_view kContentType = "application/grpc";
// Clients take header lists of 8 KiB; percent-encoding triples a message at worst, and base64 makes
// details a third longer. nghttp2 would drop a list above 64 KiB, and the caller would wait on.
constexpr std::size_t kMostMessageBytes = 1024;
constexpr std::size_t kMostDetailsBytes = 4096;

// A header that nghttp2 need not copy: both texts live until it was sent, as literals do.
nghttp2_nv LiteralHeader(std::string_view name, std::string_view value) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
          value.size(), NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

// One whose value nghttp2 copies.
nghttp2_nv Header(std::string_view name, std::string_view value) {
  nghttp2_nv header = LiteralHeader(name, value);
  header.flags = NGHTTP2_NV_FLAG_NO_COPY_NAME;
  return header;
}

// The parts of a status as headers, and the texts that they point into.
class StatusHeaders {
 public:
  explicit StatusHeaders(const CallStatus& status)
      : code_(std::to_string(static_cast<int>(status.code))),
        message_(PercentEncode(Utf8Prefix(status.message, kMostMessageBytes))),
        details_(status.details.size() <= kMostDetailsBytes ? EncodeBinaryMetadata(status.details)
                                                            : std::string()) {}

  void AppendTo(std::vector<nghttp2_nv>& headers, StatusCode code) const {
    headers.push_back(Header("grpc-status", code_));
    if (!message_.empty()) headers.push_back(Header("grpc-message", message_));
    if (!details_.empty()) headers.push_back(Header("grpc-status-details-bin", details_));
    if (code == StatusCode::kUnavailable) {
      headers.push_back(LiteralHeader("grpc-retry-pushback-ms", "-1"));
    }
    if (code == StatusCode::kUnimplemented) {
      headers.push_back(LiteralHeader("grpc-accept-encoding", "identity"));
    }
  }

 private:
  const std::string code_;
  const std::string message_;
  const std::string details_;
};

}  // namespace

void SubmitMessages(H2StreamId stream, const nghttp2_data_provider& body) {
  static const std::array kHeaders = {LiteralHeader(":status", "200"),
                                      LiteralHeader("content-type", kContentType)};
  nghttp2_submit_response(stream.session, stream.id, kHeaders.data(), kHeaders.size(), &body);
}

void SubmitStatusOnly(H2StreamId stream, const CallStatus& status) {
  const StatusHeaders texts(status);
  std::vector<nghttp2_nv> headers = {LiteralHeader(":status", "200"),
                                     LiteralHeader("content-type", kContentType)};
  texts.AppendTo(headers, status.code);
  nghttp2_submit_response(stream.session, stream.id, headers.data(), headers.size(), nullptr);
}

void SubmitTrailers(H2StreamId stream, const CallStatus& status) {
  if (status.ok()) {
    static const std::array kTrailers = {LiteralHeader("grpc-status", "0")};
    nghttp2_submit_trailer(stream.session, stream.id, kTrailers.data(), kTrailers.size());
    return;
  }
  const StatusHeaders texts(status);
  std::vector<nghttp2_nv> trailers;
  texts.AppendTo(trailers, status.code);
  nghttp2_submit_trailer(stream.session, stream.id, trailers.data(), trailers.size());
}

void SubmitWords(H2StreamId stream, std::string_view http_status,
                 const nghttp2_data_provider& body) {
  const std::array headers = {LiteralHeader(":status", http_status),
                              LiteralHeader("content-type", "text/plain; charset=utf-8"),
                              LiteralHeader("allow", "POST")};
  nghttp2_submit_response(stream.session, stream.id, headers.data(), headers.size(), &body);
}

}  // namespace balance
