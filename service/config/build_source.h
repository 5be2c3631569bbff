#pragma once

// One source of the configuration: its venue, its login and its settings.

#include <string>
#include <string_view>

#include "service/config/config_document.h"
#include "service/config/load_config.h"
#include "service/config/secret_loader.h"

namespace balance {

// Used by one loading call on one thread.
class SourceBuilder {
 public:
  // Reads the settings that hold for all sources at once, so that what is wrong with them is said
  // once. Both arguments must outlive the builder.
  SourceBuilder(ConfigDocument& document, const EnvLookup& env);

  // Complete but for a pool that is not configured: that one is left empty. The login lacks what
  // could not be loaded.
  SourceConfig Build(const std::string& account, const config::v1::Source& source,
                     const std::string& path);

 private:
  void BuildVenue(const config::v1::Source& source, const std::string& path, SourceConfig& result);
  void BuildPolymarketUs(const config::v1::Source& source, const std::string& path,
                         SourceConfig& result);
  void BuildPolySimulator(const config::v1::Source& source, const std::string& path,
                          SourceConfig& result);
  // Of a Polymarket US source.
  void CheckFundClass(FundClass fund_class, bool production, const std::string& path);
  BaseUrl ReadBaseUrl(const std::string& given, const char* standard, const std::string& path);
  // Refuses a base URL that already ends in a part of the path that is appended to it.
  void RefuseRoute(const BaseUrl& url, std::string_view route, const std::string& path);
  std::string ReadPool(const std::string& given, const std::string& path);

  ConfigDocument& document_;
  SecretLoader secrets_;
  CacheSettings cache_;
  UpstreamSettings upstream_;
};

}  // namespace balance
