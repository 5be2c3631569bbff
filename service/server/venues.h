#pragma once

// The one list of the venues of this service, made from venues.cmake.

#include "clients/venue/venue.h"

namespace balance {

const Venues& AllVenues();

}  // namespace balance
