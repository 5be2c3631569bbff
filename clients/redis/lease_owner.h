#pragma once

// The names by which those who ask for leases are known: AcquireRequest::owner.

#include <cstdint>
#include <string>
#include <string_view>

namespace balance {

// Owner of what a source of the replica asks for: `number` differs among its sources.
std::string OwnerOf(std::string_view replica, std::uint64_t number);
// The name of the owner's replica.
std::string_view ReplicaOf(std::string_view owner);
// Returns whether a text may be the name of an owner, which is shown to programs and people: it is
// short, and of printable ASCII.
bool IsOwner(std::string_view text);

}  // namespace balance
