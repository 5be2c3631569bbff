#pragma once

// The methods that a server has, and who handles their calls.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "service/transport/call.h"

namespace balance {

enum class MethodKind : std::uint8_t {
  // One message comes, one answers.
  kUnary,
  // One message comes, any number answer.
  kServerStreaming,
  // Any number come, any number answer.
  kBidiStreaming,
};

struct Method {
  // Such as "balance.v1.BalanceService".
  std::string service;
  // Such as "GetAccountSnapshot".
  std::string name;
  MethodKind kind = MethodKind::kUnary;
  // Called on the call's loop as soon as its request has come, for kBidiStreaming as soon as the
  // call has come. Must not block. Loops share it, so it must be thread-safe. A handler of a stream
  // opens it before it returns (Call::Open).
  std::function<void(Call&)> handle;
  // Whether there is such a method at present; null: always. Called on any loop.
  std::function<bool()> is_served = nullptr;
};

// Filled by one thread, then immutable and hence thread-safe.
class MethodTable {
 public:
  // REQUIRES: no method of that name is there.
  void Add(Method method);

  // By the path of a request, such as "/balance.v1.BalanceService/GetAccountSnapshot". Null if
  // there is no such method at present. Lives as long as the table.
  const Method* Find(std::string_view path) const;

  // Full names of the services, in the order in which they were added.
  const std::vector<std::string>& services() const { return services_; }

 private:
  struct PathHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view path) const {
      return std::hash<std::string_view>{}(path);
    }
  };

  std::unordered_map<std::string, Method, PathHash, std::equal_to<>> methods_;
  std::vector<std::string> services_;
};

}  // namespace balance
