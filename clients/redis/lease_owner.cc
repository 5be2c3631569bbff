#include "clients/redis/lease_owner.h"

#include <algorithm>
#include <cstddef>

namespace balance {
namespace {

// Between a replica's name and the number of its source.
constexpr char kOwnerSeparator = '/';

constexpr std::size_t kMostOwnerBytes = 100;

}  // namespace

std::string OwnerOf(std::string_view replica, std::uint64_t number) {
  return std::string(replica) + kOwnerSeparator + std::to_string(number);
}

std::string_view ReplicaOf(std::string_view owner) {
  return owner.substr(0, owner.find(kOwnerSeparator));
}

bool IsOwner(std::string_view text) {
  return !text.empty() && text.size() <= kMostOwnerBytes &&
         std::all_of(text.begin(), text.end(),
                     [](char byte) { return byte >= ' ' && byte <= '~'; });
}

}  // namespace balance
