#include "tests/sandbox/socket_book.h"

#include <algorithm>
#include <utility>

#include "tests/sandbox/socket_connection.h"

namespace balance::sandbox {
namespace {

bool Meets(const SocketFault& fault, const SocketConnection& connection) {
  return (fault.path.empty() || fault.path == connection.path()) &&
         (fault.key.empty() || fault.key == connection.key());
}

}  // namespace

int SocketBook::Act(const SocketFault& fault) {
  int met = 0;
  for (SocketConnection* connection : open_) {
    if (!Meets(fault, *connection)) continue;
    connection->Act(fault);
    ++met;
  }
  return met;
}

void SocketBook::ResetCounters() {
  SocketCounters fresh;
  fresh.open = fresh.max_open = counters_.open;
  counters_ = std::move(fresh);
}

void SocketBook::OnOpen(SocketConnection& connection) {
  open_.push_back(&connection);
  ++counters_.opened;
  counters_.max_open = std::max(counters_.max_open, ++counters_.open);
  for (auto fault = pending_.begin(); fault != pending_.end();) {
    if (!Meets(*fault, connection)) {
      ++fault;
      continue;
    }
    connection.Act(*fault);
    if (fault->count == 1) {
      fault = pending_.erase(fault);
    } else {
      if (fault->count > 1) --fault->count;
      ++fault;
    }
  }
}

void SocketBook::OnEnd(SocketConnection& connection, std::uint16_t peer_close_code) {
  std::erase(open_, &connection);
  --counters_.open;
  ++counters_.ended_by_code[peer_close_code];
}

}  // namespace balance::sandbox
