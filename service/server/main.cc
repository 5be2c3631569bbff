#include "clients/core/standard_descriptors.h"
#include "service/server/run_service.h"
#include "service/server/venues.h"

int main(int argc, char** argv) {
  return balance::RunService({argv + 1, argv + argc}, balance::AllVenues());
}
