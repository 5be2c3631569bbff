#include "service/rpc/page_token.h"

#include <absl/strings/escaping.h>

#include <functional>

#include "clients/core/resource_id.h"

namespace balance {
namespace {

constexpr char kSeparator = ' ';

// Of all that must stay the same from page to page.
std::string FingerprintOf(const v1::ListAccountSnapshotsRequest& request) {
  v1::ListAccountSnapshotsRequest same = request;
  same.clear_page_token();
  same.clear_page_size();
  return std::to_string(std::hash<std::string>{}(same.SerializeAsString()));
}

}  // namespace

std::string MakePageToken(const v1::ListAccountSnapshotsRequest& request,
                          std::string_view last_account) {
  return absl::WebSafeBase64Escape(FingerprintOf(request) + kSeparator + std::string(last_account));
}

std::optional<std::string> ReadPageToken(const v1::ListAccountSnapshotsRequest& request) {
  std::string text;
  if (!absl::WebSafeBase64Unescape(request.page_token(), &text)) return std::nullopt;
  const auto split = text.find(kSeparator);
  if (split == std::string::npos || text.substr(0, split) != FingerprintOf(request)) {
    return std::nullopt;
  }
  std::string account = text.substr(split + 1);
  if (!IsResourceId(account)) return std::nullopt;
  return account;
}

}  // namespace balance
