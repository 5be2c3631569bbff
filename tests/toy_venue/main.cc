// balance-service with one venue more: to see its command line with it.

#include "clients/core/standard_descriptors.h"
#include "service/server/run_service.h"
#include "tests/toy_venue/venues.h"

int main(int argc, char** argv) {
  return balance::RunService({argv + 1, argv + argc}, balance::toy::VenuesWithToy());
}
