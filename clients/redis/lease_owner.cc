#include "clients/redis/lease_owner.h"

namespace balance {
namespace {

// Between a replica's name and the number of its source.
constexpr char kOwnerSeparator = '/';

}  // namespace

std::string OwnerOf(std::string_view replica, std::uint64_t number) {
  return std::string(replica) + kOwnerSeparator + std::to_string(number);
}

std::string_view ReplicaOf(std::string_view owner) {
  return owner.substr(0, owner.find(kOwnerSeparator));
}

}  // namespace balance
