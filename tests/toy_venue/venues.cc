#include "tests/toy_venue/venues.h"

#include "service/server/venues.h"
#include "tests/toy_venue/venue.h"

namespace balance::toy {

const Venues& VenuesWithToy() {
  static const Venues venues = [] {
    Venues all = AllVenues();
    all.push_back(&TheVenue());
    return all;
  }();
  return venues;
}

}  // namespace balance::toy
