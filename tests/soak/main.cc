// Trouble at the upstreams, many readers, and a judge: no figure that the upstream did not hold, no
// state that does not fit the age, no total that is not the sum, no call past its deadline, no
// memory that grows. Its modes are described in their headers.

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <map>
#include <string>

#include "tests/soak/fleet.h"
#include "tests/soak/neighbours.h"
#include "tests/soak/outages.h"
#include "tests/soak/soak_options.h"
#include "tests/soak/watching.h"

int main(int argc, char** argv) {
  using Mode = bool (*)(const balance::SoakOptions&);
  const std::map<std::string, Mode> modes = {{"fleet", balance::RunFleet},
                                             {"outages", balance::RunOutages},
                                             {"neighbours", balance::RunNeighbours},
                                             {"watching", balance::RunWatching}};
  balance::SoakOptions options;
  std::string chosen;
  CLI::App app("Reads balances through trouble and judges every answer.");
  app.add_option("--service", options.service, "path of balance-service")->required();
  app.add_option("--mode", chosen, "one mode instead of all, one after the other")
      ->check(CLI::IsMember(modes));
  app.add_option("--seconds", options.seconds, "how long, each mode")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--reads-per-second", options.reads_per_second)->check(CLI::Range(1, 100'000));
  app.add_option("--seed", options.seed, "of the trouble");
  bool is_sanitized = false;
  app.add_flag("--sanitized", is_sanitized,
               "the service runs under a sanitizer: it may be slower and larger");
  CLI11_PARSE(app, argc, argv);
  if (is_sanitized) options.tolerance = balance::ToleranceOfSanitized();
  try {
    bool is_good = true;
    for (const auto& [name, run] : modes) {
      if (chosen.empty() || chosen == name) is_good &= run(options);
    }
    return is_good ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "soak: " << error.what() << "\n";
    return 1;
  }
}
