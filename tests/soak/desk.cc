#include "tests/soak/desk.h"

#include "tests/soak/service_process.h"

namespace balance {

using sandbox::Side;

void WriteDeskSecrets(const sandbox::Sandbox& upstreams, const std::string& folder) {
  WriteSecret(folder + "/key-id", upstreams.polymarket_key().key_id);
  WriteSecret(folder + "/secret-key", upstreams.polymarket_key().secret_key);
  WriteSecret(folder + "/api-key", upstreams.polysim_key().api_key);
}

std::string DeskYaml(const std::string& id, const sandbox::Sandbox& upstreams,
                     const std::string& folder) {
  return "- id: " + id +
         "\n"
         "  sources:\n"
         "  - {id: polymarket-us, fund_class: REAL_MONEY, polymarket_us: {base_url: '" +
         upstreams.BaseUrl(Side::kPolymarket) + "', key_id: {file: " + folder +
         "/key-id}, secret_key: {file: " + folder +
         "/secret-key}}}\n"
         "  - {id: polysimulator, polysimulator: {base_url: '" +
         upstreams.BaseUrl(Side::kPolysimulator) + "', api_key: {file: " + folder + "/api-key}}}\n";
}

}  // namespace balance
