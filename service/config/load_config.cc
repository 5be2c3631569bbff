#include "service/config/load_config.h"

#include "service/config/build_config.h"
#include "service/config/read_file.h"
#include "service/config/yaml_reader.h"

namespace balance {
namespace {

constexpr std::size_t kMostConfigBytes = std::size_t{64} * 1024 * 1024;

}  // namespace

ConfigResult LoadConfig(const std::string& path, const EnvLookup& env,
                        std::vector<std::string>* files) {
  ConfigDocument document(path);
  document.NoteFile(path);
  if (files) *files = document.files();
  auto content = ReadFile(path, kMostConfigBytes);
  if (!content) {
    document.AddIssue("", "the file " + content.error(), "name a readable YAML file");
    return tl::unexpected(document.TakeIssues());
  }
  if (!ReadYaml(content->text, document)) return tl::unexpected(document.TakeIssues());
  Config config = BuildConfig(document, env);
  if (files) *files = document.files();
  if (document.HasIssues()) return tl::unexpected(document.TakeIssues());
  return config;
}

}  // namespace balance
