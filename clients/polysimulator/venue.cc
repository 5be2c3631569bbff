#include "clients/polysimulator/venue.h"

#include <string_view>

namespace balance {

BaseUrl NormalizePolySimulatorUrl(BaseUrl url) {
  constexpr std::string_view kVersion = "/v1";
  if (url.path_prefix.ends_with(kVersion)) {
    url.path_prefix.resize(url.path_prefix.size() - kVersion.size());
  }
  return url;
}

}  // namespace balance
