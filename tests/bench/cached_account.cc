#include "tests/bench/cached_account.h"

#include <sodium.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/bench/sample_account.h"
#include "tests/unit/polymarket_us/samples.h"

namespace balance::bench {
namespace {

const std::string kToken = "d2f1a0c4b6e8975310fedcba98765432";

TokenHash HashOf(const std::string& token) {
  TokenHash hash;
  crypto_hash_sha256(hash.sha256.data(), reinterpret_cast<const unsigned char*>(token.data()),
                     token.size());
  return hash;
}

CallerRule Rule(std::string id, const std::string& token) {
  CallerRule rule;
  rule.id = std::move(id);
  rule.identity = BearerTokens{"", {HashOf(token)}};
  rule.accounts = {"desk-1"};
  rule.methods.set();
  return rule;
}

AccessRules RulesOf(Access access) {
  if (access == Access::kOpen) return AccessRules({});
  return AccessRules({Rule("risk", "another token"), Rule("trader", kToken)});
}

// A call that nobody waits for.
class SampleCall final : public Call {
 public:
  SampleCall(std::string_view request, Access access) : request_(request) {
    static const std::string authorization = "Bearer " + kToken;
    if (access == Access::kByToken) metadata_.Add("authorization", authorization);
  }

  std::optional<SteadyTime> deadline() const override { return std::nullopt; }
  const Metadata& metadata() const override { return metadata_; }
  const PeerIdentity& identity() const override { return identity_; }
  std::string peer() const override { return "127.0.0.1:1"; }
  std::string_view request() const override { return request_; }
  void Keep(std::unique_ptr<CallWork>) override {}
  void Finish(Response response, CallStatus status) override {
    answered_ = status.ok() && response.size() > 0;
  }
  ServerStream& Open(std::unique_ptr<StreamHandler>) override { std::abort(); }

  bool answered() const { return answered_; }

 private:
  const std::string_view request_;
  Metadata metadata_;
  const PeerIdentity identity_;
  bool answered_ = false;
};

}  // namespace

CachedAccount::CachedAccount(Access access) : access_(access) {
  publisher_->OnAccountChange(SampleStatuses(polymarket_us::samples::kOrdinary));
  auto served = std::make_shared<Served>();
  served->accounts.Add("desk-1", {publisher_, nullptr});
  served->access = RulesOf(access);
  serving_.Publish(std::move(served));
}

bool CachedAccount::Answer(std::string_view request) {
  SampleCall call(request, access_);
  rpc_.Handle(RpcMethod::kGetAccountSnapshot, call);
  return call.answered();
}

v1::GetAccountSnapshotRequest PlainRequest() { return {}; }

v1::GetAccountSnapshotRequest NamedRequest() {
  v1::GetAccountSnapshotRequest request;
  request.set_name("accounts/desk-1");
  return request;
}

v1::GetAccountSnapshotRequest RequestWithMaxAge() {
  v1::GetAccountSnapshotRequest request;
  request.mutable_policy()->mutable_max_age()->set_seconds(3600);
  return request;
}

}  // namespace balance::bench
