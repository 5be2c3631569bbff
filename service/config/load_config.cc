#include "service/config/load_config.h"

#include "clients/core/secret.h"
#include "service/config/build_config.h"
#include "service/config/yaml_reader.h"

namespace balance {
namespace {

constexpr std::size_t kMostConfigBytes = std::size_t{64} * 1024 * 1024;

// `in_force` is null at the start.
ConfigResult Load(const std::string& path, const EnvLookup& env, const Venues& venues,
                  const InForce* in_force, FileStates* files) {
  const SecretBatch batch;
  ConfigDocument document(path, venues);
  const auto content = document.ReadNoted(path, kMostConfigBytes);
  Config config;
  if (!content) {
    document.AddIssue("", "the file " + content.error(), "name a readable YAML file");
  } else if (ReadYaml(content->text, document)) {
    config = BuildConfig(document, env, in_force);
  }
  if (files) *files = document.TakeFiles();
  if (document.HasIssues()) return tl::unexpected(document.TakeIssues());
  return config;
}

}  // namespace

ConfigResult LoadConfig(const std::string& path, const EnvLookup& env, const Venues& venues,
                        FileStates* files) {
  return Load(path, env, venues, nullptr, files);
}

ConfigResult ReloadConfig(const std::string& path, const EnvLookup& env, const Venues& venues,
                          const InForce& in_force, FileStates* files) {
  return Load(path, env, venues, &in_force, files);
}

}  // namespace balance
