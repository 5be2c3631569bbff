#pragma once

// The venues of the service and the toy.

#include "clients/venue/venue.h"

namespace balance::toy {

const Venues& VenuesWithToy();

}  // namespace balance::toy
