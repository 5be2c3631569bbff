#include <memory>
#include <string>
#include <utility>

#include "tests/bench/cached_account.h"
#include "tests/guard/measured.h"

namespace balance::guard {
namespace {

using bench::Access;
using bench::CachedAccount;

constexpr int kTimes = 2000;

Path Hit(std::string name, const std::shared_ptr<CachedAccount>& account,
         const v1::GetAccountSnapshotRequest& request) {
  return {std::move(name), kTimes,
          [account, bytes = request.SerializeAsString()] { return account->Answer(bytes); }};
}

}  // namespace

std::vector<Path> HitPaths() {
  const auto open = std::make_shared<CachedAccount>(Access::kOpen);
  const auto by_token = std::make_shared<CachedAccount>(Access::kByToken);
  return {Hit("hit", open, bench::PlainRequest()),
          Hit("hit of a named account", open, bench::NamedRequest()),
          Hit("hit with a max_age", open, bench::RequestWithMaxAge()),
          Hit("hit by a caller with a token", by_token, bench::PlainRequest())};
}

}  // namespace balance::guard
