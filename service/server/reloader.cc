#include "service/server/reloader.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace balance {

std::string Summary(const std::vector<ConfigIssue>& issues) {
  std::string text = issues.front().ToString();
  if (issues.size() > 1) {
    text += " (and " + std::to_string(issues.size() - 1) + " more; --check-config shows all)";
  }
  return text;
}

Reloader::Reloader(BalanceServer& server, Load load, const std::vector<std::string>& files,
                   std::function<void()> on_change)
    : server_(server), load_(std::move(load)), watcher_(files, std::move(on_change), {}) {}

bool Reloader::Reload() {
  std::vector<std::string> files;
  ConfigResult config = load_(files);
  server_.metrics().OnReload(config.has_value());
  // Those of a bad one too: a missing file may come later than the configuration that names it.
  watcher_.SetPaths(files);
  if (!config) {
    spdlog::error("reload failed, all stays as it was: {}", Summary(config.error()));
    return false;
  }
  const auto done = server_.Reconfigure(std::move(*config));
  spdlog::info("reloaded: {} accounts added, {} changed, {} removed", done.accounts.added,
               done.accounts.changed, done.accounts.removed);
  for (const std::string& field : done.waiting) {
    spdlog::warn("reloaded: the new {} takes effect at the next start", field);
  }
  return true;
}

}  // namespace balance
