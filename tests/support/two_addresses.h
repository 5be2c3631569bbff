#pragma once

// A name of two addresses, for tests of what a server does with all addresses of its name. It works
// without /etc/hosts, IPv6 and a name server.
//
// A test program that has two_addresses.cc among its own sources (in a library the linker may leave
// it out) resolves the name so, in all of its threads and libraries. Other names are resolved as
// ever.

namespace balance {

inline constexpr const char* kTwoAddresses = "two-addresses.test";
// Addresses of the name, in the order in which they are found.
inline constexpr const char* kFirstAddress = "127.0.0.1";
inline constexpr const char* kSecondAddress = "127.0.0.2";

}  // namespace balance
