#include "service/rpc/page.h"

#include <absl/strings/escaping.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>

#include "clients/core/resource_id.h"
#include "service/rpc/status.h"

namespace balance {
namespace {

constexpr char kFingerprintEnd = ' ';
constexpr char kAccountEnd = '/';

// Hash of all that must stay the same from page to page.
template <typename Request>
std::string FingerprintOf(const Request& request) {
  Request same = request;
  same.clear_page_token();
  same.clear_page_size();
  return std::to_string(std::hash<std::string>{}(same.SerializeAsString()));
}

template <typename Request>
std::string MakeToken(const Request& request, const PageEnd& end) {
  std::string text = FingerprintOf(request) + kFingerprintEnd + end.account;
  if (!end.source.empty()) text += kAccountEnd + end.source;
  return absl::WebSafeBase64Escape(text);
}

template <typename Request>
std::optional<PageEnd> ReadToken(const Request& request) {
  std::string text;
  if (!absl::WebSafeBase64Unescape(request.page_token(), &text)) return std::nullopt;
  const auto split = text.find(kFingerprintEnd);
  if (split == std::string::npos || text.substr(0, split) != FingerprintOf(request)) {
    return std::nullopt;
  }
  const std::string ids = text.substr(split + 1);
  const auto account_end = ids.find(kAccountEnd);
  PageEnd end{ids.substr(0, account_end), {}};
  if (!IsResourceId(end.account)) return std::nullopt;
  if (account_end == std::string::npos) return end;
  end.source = ids.substr(account_end + 1);
  if (!IsResourceId(end.source)) return std::nullopt;
  return end;
}

template <typename Request>
grpc::Status ReadEnd(const Request& request, PageEnd& end) {
  end = {};
  if (request.page_token().empty()) return grpc::Status::OK;
  if (auto read = ReadToken(request)) {
    end = *std::move(read);
    return grpc::Status::OK;
  }
  return InvalidField(reason::kInvalidPageToken, "page_token",
                      "was not made for this request; start again without one");
}

}  // namespace

grpc::Status CheckPageSize(std::int32_t page_size, std::size_t& out) {
  if (page_size < 0) {
    return InvalidField(reason::kInvalidPageSize, "page_size", "must not be negative");
  }
  out = static_cast<std::size_t>(page_size == 0 ? kDefaultPageSize
                                                : std::min(page_size, kMaxPageSize));
  return grpc::Status::OK;
}

std::string MakePageToken(const v1::ListAccountSnapshotsRequest& request, const PageEnd& end) {
  return MakeToken(request, end);
}

std::string MakePageToken(const v1::ListSourcesRequest& request, const PageEnd& end) {
  return MakeToken(request, end);
}

grpc::Status ReadPageToken(const v1::ListAccountSnapshotsRequest& request, PageEnd& end) {
  return ReadEnd(request, end);
}

grpc::Status ReadPageToken(const v1::ListSourcesRequest& request, PageEnd& end) {
  return ReadEnd(request, end);
}

}  // namespace balance
