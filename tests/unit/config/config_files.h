#pragma once

// Configurations of tests: a directory of their own for files, and an environment of their own.

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "service/config/load_config.h"

namespace balance {

// A PolySimulator key and a Polymarket US key pair that nothing else uses.
inline constexpr const char* kApiKey =
    "ps_live_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
inline constexpr const char* kKeyId = "0a1b2c3d-1111-2222-3333-444455556666";
inline constexpr const char* kSecretKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

// Five lines with one good source.
inline constexpr const char* kOneSource =
    "accounts:\n"
    "- id: desk-1\n"
    "  sources:\n"
    "  - id: sim\n"
    "    polysimulator: {api_key: {env: SIM_KEY}}\n";

// Owns a temporary directory. The environment holds SIM_KEY, PM_ID and PM_SECRET at first.
class ConfigFiles {
 public:
  ConfigFiles();
  ~ConfigFiles();
  ConfigFiles(const ConfigFiles&) = delete;
  ConfigFiles& operator=(const ConfigFiles&) = delete;

  // Path of a file of that name in the directory.
  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }
  std::string Write(const std::string& name, const std::string& text, mode_t mode = 0600) const;

  void SetEnv(const std::string& name, const std::string& value) { variables_[name] = value; }
  void ClearEnv() { variables_.clear(); }
  EnvLookup Env() const;

  // Loads `yaml` as the file config.yaml.
  ConfigResult Load(const std::string& yaml) const;
  // The same for a server that runs. Sets `files`, unless null.
  ConfigResult Reload(const std::string& yaml, const InForce& in_force,
                      FileStates* files = nullptr) const;
  // As printed, the directory left out: "config.yaml:1: ...". Empty if it loads.
  std::vector<std::string> Problems(const std::string& yaml) const;
  std::vector<std::string> ProblemsOfReload(const std::string& yaml, const InForce& in_force) const;
  std::vector<std::string> ProblemsOfEnvironment() const;

 private:
  std::vector<std::string> Lines(const ConfigResult& result) const;

  std::string directory_;
  std::map<std::string, std::string> variables_;
};

}  // namespace balance
