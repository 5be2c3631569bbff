#include "clients/redis/value_vault.h"

namespace balance {
namespace {

StoredValueFault FaultOf(SealFault fault) {
  return fault == SealFault::kUnknownFormat ? StoredValueFault::kUnknownFormat
                                            : StoredValueFault::kNotOpened;
}

StoredValueFault FaultOf(StoredFault fault) {
  return fault == StoredFault::kOtherSchema ? StoredValueFault::kOtherSchema
                                            : StoredValueFault::kMalformed;
}

}  // namespace

std::string ValueVault::Close(std::string_view name, const StoredValue& value,
                              const StoredBy& by) const {
  return seal_.Close(name, EncodeStored(value, by));
}

std::optional<OpenedValue> ValueVault::Open(std::string_view name, std::string_view sealed,
                                            std::optional<RedisTime> observed,
                                            std::optional<std::string_view> run_id) const {
  const Opened opened = seal_.Open(name, sealed);
  if (!opened.plain) return Bad(FaultOf(opened.fault));
  DecodedValue decoded = DecodeStored(*opened.plain);
  if (!decoded.value) return Bad(FaultOf(decoded.fault));
  const bool is_elsewhere = run_id && !decoded.by.run_id.empty() && decoded.by.run_id != *run_id;
  if (is_elsewhere || (observed && ObservedOf(*decoded.value) != *observed)) {
    return Bad(StoredValueFault::kOtherTime);
  }
  return OpenedValue{*std::move(decoded.value), std::move(decoded.by)};
}

std::nullopt_t ValueVault::Bad(StoredValueFault fault) const {
  Report(fault);
  return std::nullopt;
}

}  // namespace balance
