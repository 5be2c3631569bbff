#include "clients/venue/venue.h"

#include <algorithm>

#include "clients/core/ascii.h"

namespace balance {

std::string Venue::Id() const {
  std::string id(facts_.key);
  std::replace(id.begin(), id.end(), '_', '-');
  return id;
}

std::string Venue::KindName() const { return ToAsciiUpper(facts_.key); }

const Venue* FindVenue(const Venues& venues, std::string_view key) {
  const auto found = std::find_if(venues.begin(), venues.end(),
                                  [key](const Venue* venue) { return venue->facts().key == key; });
  return found == venues.end() ? nullptr : *found;
}

std::vector<NamedKind> KindsOf(const Venues& venues) {
  std::vector<NamedKind> kinds;
  for (const Venue* venue : venues) kinds.push_back({venue->facts().kind, venue->KindName()});
  return kinds;
}

}  // namespace balance
