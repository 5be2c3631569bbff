#include "service/server/reloader.h"

#include <spdlog/fmt/fmt.h>

#include <utility>

#include "service/observe/log_event.h"

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
  for (const ConfigIssue& issue : config.warnings) {
    Log(LogEvent::kConfigWarning, issue.ToString());
  }
}

Reloader::Reloader(BalanceServer& server, Load load, FileStates files,
                   std::function<void()> on_change)
    : server_(server),
      load_(std::move(load)),
      watcher_(std::move(files), std::move(on_change), {}) {}

bool Reloader::Reload() {
  FileStates files;
  ConfigResult config = load_(server_.in_force(), files);
  // Those of a bad one too: a missing file may come later than the configuration that names it.
  watcher_.SetFiles(std::move(files));
  if (!config) {
    server_.NoteReload(false);
    Log(LogEvent::kReloadFailed, "reload failed, all stays as it was: " + Summary(config.error()),
        {{"issues", static_cast<std::int64_t>(config.error().size())}});
    return false;
  }
  LogWarnings(*config);
  const auto done = server_.Reconfigure(std::move(*config));
  server_.NoteReload(true, done.waiting);
  Log(LogEvent::kReloaded,
      fmt::format("reloaded: {}; {}", Counted("accounts", done.accounts),
                  Counted("callers", done.callers)),
      {{"accounts_added", std::int64_t{done.accounts.added}},
       {"accounts_changed", std::int64_t{done.accounts.changed}},
       {"accounts_removed", std::int64_t{done.accounts.removed}},
       {"callers_added", std::int64_t{done.callers.added}},
       {"callers_changed", std::int64_t{done.callers.changed}},
       {"callers_removed", std::int64_t{done.callers.removed}}});
  for (const std::string& field : done.waiting) {
    Log(LogEvent::kRestartNeeded,
        fmt::format("reloaded: the new {} takes effect at the next start", field),
        {{"setting", field}});
  }
  return true;
}

}  // namespace balance
