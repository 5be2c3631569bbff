#include "service/rpc/resource_name.h"

#include "clients/core/resource_id.h"

namespace balance {
namespace {

constexpr std::string_view kAccounts = "accounts/";
constexpr std::string_view kSources = "/sources/";

}  // namespace

std::optional<std::string_view> ParseAccountName(std::string_view name) {
  if (!name.starts_with(kAccounts)) return std::nullopt;
  const std::string_view id = name.substr(kAccounts.size());
  if (!IsResourceId(id)) return std::nullopt;
  return id;
}

std::optional<SourceNameParts> ParseSourceName(std::string_view name) {
  const auto split = name.find(kSources);
  if (split == std::string_view::npos) return std::nullopt;
  const auto account = ParseAccountName(name.substr(0, split));
  const std::string_view source = name.substr(split + kSources.size());
  if (!account || !IsResourceId(source)) return std::nullopt;
  return SourceNameParts{*account, source};
}

}  // namespace balance
