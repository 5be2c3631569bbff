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
  // What a source's `upstream` starts from: the file's, with the venue's rate where that has none.
  UpstreamSettings BaseOf(const Venue* venue) const;
  // REQUIRES: result.venue is that of the source.
  void BuildVenue(const config::v1::Source& source, const std::string& path, SourceConfig& result);
  // Fills in all but the base URL.
  void ReadLogin(const config::v1::Login& given, const std::string& path, const Venue& venue,
                 Login& login);
  // Refuses money that the venue does not have there. `path` is that of `fund_class`, which becomes
  // what the venue has if that is fixed.
  void CheckFundClass(const VenueFacts& venue, bool is_production, const std::string& path,
                      FundClass& fund_class);
  BaseUrl ReadBaseUrl(const std::string& given, const std::string& standard,
                      const std::string& path);
  // Refuses a base URL that already ends in a part of the path that is appended to it.
  void RefuseRoute(const BaseUrl& url, std::string_view route, const std::string& path);
  std::string ReadPool(const std::string& given, const std::string& path);

  ConfigDocument& document_;
  SecretLoader secrets_;
  CacheSettings cache_;
  UpstreamSettings upstream_;
};

}  // namespace balance
