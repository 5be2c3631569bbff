#pragma once

// What a call and its connection show of the caller.

#include <grpc/grpc_security.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace balance {

// The values of a call's `authorization`. At most two: more than one is as wrong as many.
class Authorizations {
 public:
  // Further ones are dropped.
  void Add(std::string_view value) {
    if (size_ < values_.size()) values_[size_++] = value;
  }

  std::span<const std::string_view> values() const { return {values_.data(), size_}; }

 private:
  std::array<std::string_view, 2> values_;
  std::size_t size_ = 0;
};

// The certificate of a connection, if it has shown one that leads to a CA of ours.
class PeerIdentity {
 public:
  // Of a connection without one.
  PeerIdentity() = default;
  // Takes over what gRPC gives away.
  explicit PeerIdentity(grpc_auth_context* context) : context_(context) {}

  bool IsAuthenticated() const;
  // The names in it, which live as long as this.
  std::vector<std::string_view> Uris() const;
  std::vector<std::string_view> DnsNames() const;

 private:
  std::vector<std::string_view> Values(const char* property) const;

  struct Release {
    void operator()(grpc_auth_context* context) const { grpc_auth_context_release(context); }
  };

  std::unique_ptr<grpc_auth_context, Release> context_;
};

}  // namespace balance
