#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

namespace balance {

// Finds repeated names among the few members of an object that a parser reads. The names must
// outlive it.
class SeenNames {
 public:
  // False if `name` was added before.
  bool Add(std::string_view name) {
    if (std::find(names_.begin(), names_.end(), name) != names_.end()) return false;
    names_.push_back(name);
    return true;
  }

 private:
  std::vector<std::string_view> names_;
};

}  // namespace balance
