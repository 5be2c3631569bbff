#include "service/rpc/source_names.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "clients/core/resource_id.h"
#include "service/rpc/resource_name.h"

namespace balance {
namespace {

using Key = std::pair<std::string_view, std::string_view>;

RpcFailure Unknown(std::string_view field, std::string_view name) {
  return InvalidField(
      reason::kInvalidReadPolicy, std::string(field),
      "there is no source \"" + ShortText(name) + "\"; ListSources names what there is");
}

// Account and source of a full name, or no account and an id; two empty texts if it is neither.
Key KeyOf(std::string_view name) {
  if (const auto parts = ParseSourceName(name)) return {parts->account, parts->source};
  if (IsResourceId(name)) return {{}, name};
  return {};
}

}  // namespace

RpcResult<SourceNames> SourceNames::Parse(const Names& names, std::string_view field) {
  if (names.size() > kMaxNames) {
    return InvalidField(reason::kInvalidReadPolicy, std::string(field),
                        "holds " + std::to_string(names.size()) + " names, at most " +
                            std::to_string(kMaxNames) +
                            " are allowed; leave it empty for all sources, or send several calls");
  }
  SourceNames out;
  out.names_.reserve(static_cast<std::size_t>(names.size()));
  for (const std::string& name : names) {
    const auto [account, source] = KeyOf(name);
    if (source.empty()) return Unknown(field, name);
    out.names_.push_back({std::string(account), std::string(source), out.names_.size()});
  }
  const auto key = [](const Name& name) { return std::tie(name.account, name.source); };
  std::sort(out.names_.begin(), out.names_.end(),
            [key](const Name& a, const Name& b) { return key(a) < key(b); });
  const auto twice =
      std::adjacent_find(out.names_.begin(), out.names_.end(),
                         [key](const Name& a, const Name& b) { return key(a) == key(b); });
  if (twice != out.names_.end()) {
    const std::string& name = names.Get(static_cast<int>(twice->position));
    return InvalidField(reason::kInvalidReadPolicy, std::string(field),
                        "holds \"" + ShortText(name) + "\" more than once; send each name once");
  }
  out.field_ = field;
  return out;
}

std::size_t SourceNames::Find(std::string_view account, std::string_view source) const {
  const Key key(account, source);
  const auto found = std::lower_bound(
      names_.begin(), names_.end(), key,
      [](const Name& name, const Key& wanted) { return Key(name.account, name.source) < wanted; });
  if (found == names_.end() || Key(found->account, found->source) != key) return names_.size();
  return static_cast<std::size_t>(found - names_.begin());
}

bool SourceNames::Match(const SourceInfo& source, Found& found) const {
  bool is_named = false;
  for (const std::string_view account : {std::string_view(), std::string_view(source.account)}) {
    const std::size_t index = Find(account, source.source);
    if (index == names_.size()) continue;
    found[index] = true;
    is_named = true;
  }
  return is_named;
}

bool SourceNames::Match(const SourceInfo& source) const {
  return Find({}, source.source) < names_.size() ||
         Find(source.account, source.source) < names_.size();
}

bool SourceNames::MissesId(const Found& found) const {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (!found[i] && names_[i].account.empty()) return true;
  }
  return false;
}

std::vector<std::string_view> SourceNames::AccountsOfMissing(const Found& found) const {
  std::vector<std::string_view> accounts;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (!found[i] && !names_[i].account.empty()) accounts.push_back(names_[i].account);
  }
  return accounts;
}

RpcResult<void> SourceNames::CheckAllFound(const Found& found) const {
  const Name* first = nullptr;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (!found[i] && (!first || names_[i].position < first->position)) first = &names_[i];
  }
  if (!first) return {};
  return Unknown(field_, first->account.empty()
                             ? first->source
                             : "accounts/" + first->account + "/sources/" + first->source);
}

}  // namespace balance
