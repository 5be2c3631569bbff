#pragma once

// What travels over the control endpoint, to and from JSON. Amounts are text on both sides, so no
// number type ever holds money.

#include <nlohmann/json.hpp>

#include "clients/core/result.h"
#include "tests/sandbox/counters.h"
#include "tests/sandbox/credentials.h"
#include "tests/sandbox/fault.h"
#include "tests/sandbox/history.h"
#include "tests/sandbox/ledger.h"
#include "tests/sandbox/socket_fault.h"
#include "tests/sandbox/switches.h"

namespace balance::sandbox {

using Json = nlohmann::ordered_json;

// Changes the fields of `to` that `json` names. Fail with kInvalidInput and one sentence on another
// JSON type, an unknown field or word, or an integer out of range; `to` is then of no use.
Result<void> Read(const Json& json, PolymarketLedger& to);
Result<void> Read(const Json& json, PolysimLedger& to);
Result<void> Read(const Json& json, PolymarketSwitches& to);
Result<void> Read(const Json& json, PolysimSwitches& to);
Result<void> Read(const Json& json, PolymarketKey& to);
Result<void> Read(const Json& json, PolysimKey& to);
// {FIELD: milliseconds}, nothing else.
Result<void> ReadDuration(const Json& json, const char* field, Duration& to);
// {FIELD: "text"}, nothing else.
Result<void> ReadText(const Json& json, const char* field, std::string& to);
// A fault described, or named and changed by the fields beside "name".
Result<Fault> ReadFault(const Json& json);
Result<SocketFault> ReadSocketFault(const Json& json);

Json Write(const PolymarketLedger& ledger);
Json Write(const PolysimLedger& ledger);
Json Write(const PolymarketSwitches& switches);
Json Write(const PolysimSwitches& switches);
Json Write(const Fault& fault);
Json Write(const SocketFault& fault);
Json Write(const SideCounters& counters);
Json Write(const std::vector<HistoryEntry>& history);

}  // namespace balance::sandbox
