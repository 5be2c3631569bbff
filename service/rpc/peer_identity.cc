#include "service/rpc/peer_identity.h"

namespace balance {
namespace {

// Of grpc/grpc_security_constants.h, which has no constants for those two in every version.
constexpr const char* kPeerUri = "peer_uri";
constexpr const char* kPeerDns = "peer_dns";

}  // namespace

bool PeerIdentity::IsAuthenticated() const {
  return context_ && grpc_auth_context_peer_is_authenticated(context_.get()) != 0;
}

std::vector<std::string_view> PeerIdentity::Uris() const { return Values(kPeerUri); }

std::vector<std::string_view> PeerIdentity::DnsNames() const { return Values(kPeerDns); }

std::vector<std::string_view> PeerIdentity::Values(const char* property) const {
  std::vector<std::string_view> values;
  if (!context_) return values;
  auto next = grpc_auth_context_find_properties_by_name(context_.get(), property);
  while (const grpc_auth_property* found = grpc_auth_property_iterator_next(&next)) {
    values.emplace_back(found->value, found->value_length);
  }
  return values;
}

}  // namespace balance
