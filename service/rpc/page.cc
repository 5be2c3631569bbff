#include "service/rpc/page.h"

#include <sodium.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>

#include "clients/core/resource_id.h"

namespace balance {
namespace {

constexpr char kFingerprintEnd = ' ';
constexpr char kAccountEnd = '/';

constexpr int kEncoding = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

std::string Encode(std::string_view text) {
  std::string token(sodium_base64_ENCODED_LEN(text.size(), kEncoding), '\0');
  sodium_bin2base64(token.data(), token.size(), reinterpret_cast<const unsigned char*>(text.data()),
                    text.size(), kEncoding);
  // libsodium ends it with a zero.
  token.pop_back();
  return token;
}

std::optional<std::string> Decode(const std::string& token) {
  std::string text(token.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(text.data()), text.size(), token.data(),
                        token.size(), nullptr, &size, nullptr, kEncoding) != 0) {
    return std::nullopt;
  }
  text.resize(size);
  return text;
}

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
  return Encode(text);
}

template <typename Request>
std::optional<PageEnd> ReadToken(const Request& request) {
  const auto text = Decode(request.page_token());
  if (!text) return std::nullopt;
  const auto split = text->find(kFingerprintEnd);
  if (split == std::string::npos || text->substr(0, split) != FingerprintOf(request)) {
    return std::nullopt;
  }
  const std::string ids = text->substr(split + 1);
  const auto account_end = ids.find(kAccountEnd);
  PageEnd end{ids.substr(0, account_end), {}};
  if (!IsResourceId(end.account)) return std::nullopt;
  if (account_end == std::string::npos) return end;
  end.source = ids.substr(account_end + 1);
  if (!IsResourceId(end.source)) return std::nullopt;
  return end;
}

template <typename Request>
RpcResult<PageEnd> ReadEnd(const Request& request) {
  if (request.page_token().empty()) return PageEnd{};
  if (auto end = ReadToken(request)) return *std::move(end);
  return InvalidField(reason::kInvalidPageToken, "page_token",
                      "was not made for this request; start again without one");
}

}  // namespace

RpcResult<std::size_t> PageSizeOf(std::int32_t page_size) {
  if (page_size < 0) {
    return InvalidField(reason::kInvalidPageSize, "page_size", "must not be negative");
  }
  return static_cast<std::size_t>(page_size == 0 ? kDefaultPageSize
                                                 : std::min(page_size, kMaxPageSize));
}

std::string MakePageToken(const v1::ListAccountSnapshotsRequest& request, const PageEnd& end) {
  return MakeToken(request, end);
}

std::string MakePageToken(const v1::ListSourcesRequest& request, const PageEnd& end) {
  return MakeToken(request, end);
}

RpcResult<PageEnd> ReadPageToken(const v1::ListAccountSnapshotsRequest& request) {
  return ReadEnd(request);
}

RpcResult<PageEnd> ReadPageToken(const v1::ListSourcesRequest& request) { return ReadEnd(request); }

}  // namespace balance
