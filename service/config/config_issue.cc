#include "service/config/config_issue.h"

namespace balance {

std::string ConfigIssue::ToString() const {
  std::string text = file;
  if (line > 0) text += ":" + std::to_string(line);
  text += ": ";
  if (!field.empty()) text += field + ": ";
  return text + problem + "; " + remedy;
}

}  // namespace balance
