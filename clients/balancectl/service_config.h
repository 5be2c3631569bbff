#pragma once

namespace balance::ctl {

// The gRPC service config that this repository publishes: clients/service_config.json, word for
// word as it was when this was built.
const char* PublishedServiceConfig();

}  // namespace balance::ctl
