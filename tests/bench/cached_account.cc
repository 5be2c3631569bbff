#include "tests/bench/cached_account.h"

#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/slice.h>
#include <sodium.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/bench/sample_account.h"
#include "tests/unit/polymarket_us/samples.h"

namespace grpc::testing {

// A friend that ServerContextBase names and gRPC does not ship.
class InteropServerContextInspector {
 public:
  // What a connection and a call show of the caller. `authorization` must outlive the call.
  static void Show(ServerContextBase& context, std::shared_ptr<const AuthContext> peer,
                   const std::string& authorization) {
    context.auth_context_ = std::move(peer);
    context.client_metadata_.map()->emplace("authorization", authorization);
  }
};

}  // namespace grpc::testing

namespace balance::bench {
namespace {

const std::string kToken = "d2f1a0c4b6e8975310fedcba98765432";

class NoProperties final : public grpc::AuthPropertyIterator {};

// Of a plaintext connection.
class UnknownPeer final : public grpc::AuthContext {
 public:
  bool IsPeerAuthenticated() const override { return false; }
  std::vector<grpc::string_ref> GetPeerIdentity() const override { return {}; }
  std::string GetPeerIdentityPropertyName() const override { return {}; }
  std::vector<grpc::string_ref> FindPropertyValues(const std::string&) const override { return {}; }
  grpc::AuthPropertyIterator begin() const override { return NoProperties(); }
  grpc::AuthPropertyIterator end() const override { return NoProperties(); }
  void AddProperty(const std::string&, const grpc::string_ref&) override {}
  bool SetPeerIdentityPropertyName(const std::string&) override { return false; }
};

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

void ShowToken(grpc::ServerContext& context) {
  static const auto peer = std::make_shared<const UnknownPeer>();
  static const std::string authorization = "Bearer " + kToken;
  grpc::testing::InteropServerContextInspector::Show(context, peer, authorization);
}

// A call that nobody waits for.
class Call final : public IncomingCall {
 public:
  explicit Call(const grpc::ByteBuffer& request) : request_(request) {}

  grpc::ServerContext& context() override { return context_; }
  const grpc::ByteBuffer& request() const override { return request_; }
  void Keep(std::unique_ptr<CallWork>) override {}
  void Finish(const grpc::ByteBuffer& response, const grpc::Status& status) override {
    answered_ = status.ok() && response.Length() > 0;
  }

  bool answered() const { return answered_; }

 private:
  const grpc::ByteBuffer& request_;
  grpc::ServerContext context_;
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

bool CachedAccount::Answer(const grpc::ByteBuffer& request) {
  Call call(request);
  if (access_ == Access::kByToken) ShowToken(call.context());
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
