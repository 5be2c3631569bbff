#include "service/config/config_document.h"

#include <algorithm>
#include <optional>

namespace balance {
namespace {

// The path of the message or the list around `path`; empty if that is the whole.
std::string_view Around(std::string_view path) {
  const auto end = path.find_last_of(".[");
  return path.substr(0, end == std::string_view::npos ? 0 : end);
}

std::vector<ConfigIssue> Sorted(std::vector<ConfigIssue> issues) {
  std::stable_sort(issues.begin(), issues.end(),
                   [](const ConfigIssue& a, const ConfigIssue& b) { return a.line < b.line; });
  return issues;
}

}  // namespace

tl::expected<FileContent, std::string> ConfigDocument::ReadNoted(const std::string& path,
                                                                 std::size_t limit) {
  std::optional<FileState> state;
  auto content = ReadFile(path, limit, state);
  files_.try_emplace(path, state);
  return content;
}

bool ConfigDocument::IsGiven(const std::string& path) const {
  return lines_.Find(path) && !HasIssue(path);
}

bool ConfigDocument::IsAbsent(const std::string& path) const {
  return !lines_.Find(path) && !HasIssue(path) &&
         (incomplete_.empty() || !IsIncomplete(std::string(Around(path))));
}

void ConfigDocument::AddIssue(const std::string& path, std::string problem, std::string remedy) {
  AddIssueAt(LineOf(path), path, std::move(problem), std::move(remedy));
}

void ConfigDocument::AddIssueAt(int line, const std::string& path, std::string problem,
                                std::string remedy) {
  flagged_.insert(path);
  AddIssueWithin(line, path, std::move(problem), std::move(remedy));
}

void ConfigDocument::AddIssueWithin(int line, const std::string& path, std::string problem,
                                    std::string remedy) {
  issues_.push_back(Describe(line, path, std::move(problem), std::move(remedy)));
}

void ConfigDocument::AddWarning(const std::string& path, std::string problem, std::string remedy) {
  warnings_.push_back(Describe(LineOf(path), path, std::move(problem), std::move(remedy)));
}

ConfigIssue ConfigDocument::Describe(int line, const std::string& path, std::string problem,
                                     std::string remedy) const {
  const auto label = labels_.find(path);
  return {file_, line, label == labels_.end() ? path : label->second, std::move(problem),
          std::move(remedy)};
}

std::vector<ConfigIssue> ConfigDocument::TakeIssues() { return Sorted(std::exchange(issues_, {})); }

std::vector<ConfigIssue> ConfigDocument::TakeWarnings() {
  return Sorted(std::exchange(warnings_, {}));
}

}  // namespace balance
