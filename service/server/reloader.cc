#include "service/server/reloader.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace balance {

namespace {

std::string Counted(const char* what, const Changes& changes) {
  return fmt::format("{} {} added, {} changed, {} removed", changes.added, what, changes.changed,
                     changes.removed);
}

}  // namespace

std::string Summary(const std::vector<ConfigIssue>& issues) {
  std::string text = issues.front().ToString();
  if (issues.size() > 1) {
    text += " (and " + std::to_string(issues.size() - 1) + " more; --check-config shows all)";
  }
  return text;
}

void LogWarnings(const Config& config) {
  for (const ConfigIssue& issue : config.warnings) spdlog::warn("{}", issue.ToString());
}

Reloader::Reloader(BalanceServer& server, Load load, FileStates files,
                   std::function<void()> on_change)
    : server_(server),
      load_(std::move(load)),
      watcher_(std::move(files), std::move(on_change), {}) {}

bool Reloader::Reload() {
  FileStates files;
  ConfigResult config = load_(server_.in_force(), files);
  server_.metrics().OnReload(config.has_value());
  // Those of a bad one too: a missing file may come later than the configuration that names it.
  watcher_.SetFiles(std::move(files));
  if (!config) {
    spdlog::error("reload failed, all stays as it was: {}", Summary(config.error()));
    return false;
  }
  LogWarnings(*config);
  const auto done = server_.Reconfigure(std::move(*config));
  spdlog::info("reloaded: {}; {}", Counted("accounts", done.accounts),
               Counted("callers", done.callers));
  for (const std::string& field : done.waiting) {
    spdlog::warn("reloaded: the new {} takes effect at the next start", field);
  }
  return true;
}

}  // namespace balance
