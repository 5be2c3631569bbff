#include "service/server/status_page.h"

#include <google/protobuf/util/json_util.h>

#include "proto/balance_v1.h"
// It includes the messages of balance.v1, and must find them included.
#include "balance/admin/v1/status.pb.h"
#include "service/snapshot/encode.h"

namespace balance {
namespace {

void Encode(const ConnectionInfo& connection, admin::v1::Connection& out) {
  out.set_peer(connection.peer);
  for (const std::string& name : connection.names) out.add_certificate_names(name);
  out.set_tls(connection.is_tls);
  out.set_draining(connection.is_draining);
  *out.mutable_age() = ToDuration(connection.age);
  *out.mutable_silent() = ToDuration(connection.silent);
  out.set_open_calls(static_cast<std::int64_t>(connection.calls_open));
  out.set_total_calls(static_cast<std::int64_t>(connection.calls_total));
  out.set_untaken_bytes(static_cast<std::int64_t>(connection.untaken_bytes));
}

void Encode(const FleetPage& fleet, admin::v1::Fleet& out) {
  out.set_replica(fleet.replica);
  out.set_connected(fleet.link.is_connected);
  out.set_reason(fleet.link.reason);
  if (fleet.link.clock_offset) *out.mutable_clock_offset() = ToDuration(*fleet.link.clock_offset);
}

}  // namespace

std::string RenderStatusPage(const std::vector<SourceStatus>& sources, Now now,
                             const std::vector<ConnectionInfo>& connections,
                             const std::optional<FleetPage>& fleet) {
  admin::v1::Status status;
  for (const SourceStatus& source : sources) EncodeSourceStatus(source, now, *status.add_sources());
  for (const ConnectionInfo& connection : connections) {
    Encode(connection, *status.add_connections());
  }
  if (fleet) Encode(*fleet, *status.mutable_fleet());
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  std::string json;
  // Fails only on messages that hold an Any of unknown type.
  if (!google::protobuf::util::MessageToJsonString(status, &json, options).ok()) return "{}\n";
  return json;
}

}  // namespace balance
