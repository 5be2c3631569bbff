#include "tests/unit/config/config_files.h"

#include <sodium.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "service/server/venues.h"

namespace balance {

ConfigFiles::ConfigFiles() {
  if (sodium_init() < 0) std::abort();
  std::string pattern = std::filesystem::temp_directory_path() / "config_test.XXXXXX";
  if (!mkdtemp(pattern.data())) std::abort();
  directory_ = pattern;
  variables_ = {{"SIM_KEY", kApiKey}, {"PM_ID", kKeyId}, {"PM_SECRET", kSecretKey}};
}

ConfigFiles::~ConfigFiles() {
  std::error_code error;
  std::filesystem::remove_all(directory_, error);
}

std::string ConfigFiles::Write(const std::string& name, const std::string& text,
                               mode_t mode) const {
  const std::string path = PathOf(name);
  std::ofstream(path) << text;
  chmod(path.c_str(), mode);
  return path;
}

EnvLookup ConfigFiles::Env() const {
  return [this](const std::string& name) -> std::optional<std::string> {
    const auto variable = variables_.find(name);
    if (variable == variables_.end()) return std::nullopt;
    return variable->second;
  };
}

ConfigResult ConfigFiles::Load(const std::string& yaml) const {
  return LoadConfig(Write("config.yaml", yaml), Env(), AllVenues());
}

ConfigResult ConfigFiles::Reload(const std::string& yaml, const InForce& in_force,
                                 FileStates* files) const {
  return ReloadConfig(Write("config.yaml", yaml), Env(), AllVenues(), in_force, files);
}

std::vector<std::string> ConfigFiles::Problems(const std::string& yaml) const {
  return Lines(Load(yaml));
}

std::vector<std::string> ConfigFiles::ProblemsOfReload(const std::string& yaml,
                                                       const InForce& in_force) const {
  return Lines(Reload(yaml, in_force));
}

std::vector<std::string> ConfigFiles::ProblemsOfEnvironment() const {
  return Lines(ConfigFromEnvironment(Env(), AllVenues()));
}

std::vector<std::string> ConfigFiles::Lines(const ConfigResult& result) const {
  std::vector<std::string> lines;
  if (result) return lines;
  for (const ConfigIssue& issue : result.error()) {
    std::string line = issue.ToString();
    const std::string prefix = directory_ + "/";
    for (auto at = line.find(prefix); at != std::string::npos; at = line.find(prefix)) {
      line.erase(at, prefix.size());
    }
    lines.push_back(line);
  }
  return lines;
}

}  // namespace balance
