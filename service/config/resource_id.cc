#include "service/config/resource_id.h"

#include "clients/core/resource_id.h"

namespace balance {
bool CheckResourceId(const std::string& id, const std::string& path, ConfigDocument& document) {
  if (document.IsGiven(path) && IsResourceId(id)) return true;
  if (document.IsGiven(path)) {
    document.AddIssue(path, "is not an id",
                      "use at most 63 lower-case letters, digits and hyphens inside");
  } else if (document.IsAbsent(path)) {
    document.AddIssue(path, "is missing", "add an id, such as desk-1");
  }
  return false;
}

}  // namespace balance
