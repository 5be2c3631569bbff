#pragma once

// Cache, upstream and server settings: defaults, overrides field by field, ranges and relations.

#include <string>

#include "service/config/config.h"
#include "service/config/config_document.h"

namespace balance {

// `base` with what `given` sets, the block at `path` ("cache", or that of a source). A value out of
// range is an issue and keeps the one of `base`. Two values that contradict each other are an issue
// if one of them is set here.
CacheSettings ReadCache(const config::v1::Cache& given, const std::string& path,
                        const CacheSettings& base, ConfigDocument& document);
UpstreamSettings ReadUpstream(const config::v1::Upstream& given, const std::string& path,
                              const UpstreamSettings& base, ConfigDocument& document);

// `push` of the source at the path `source`, at `venue` (null: it names none), whose TTL is `ttl`.
PushSettings ReadPush(const config::v1::Push& given, const std::string& source, const Venue* venue,
                      Duration ttl, ConfigDocument& document);

LogSettings ReadLog(const config::v1::Log& given);

ServerSettings ReadServer(const config::v1::Config& given, ConfigDocument& document);

CacheSettings DefaultCache();

}  // namespace balance
