#include "service/transport/method_table.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace balance {

void MethodTable::Add(Method method) {
  if (std::find(services_.begin(), services_.end(), method.service) == services_.end()) {
    services_.push_back(method.service);
  }
  std::string path = "/" + method.service + "/" + method.name;
  [[maybe_unused]] const bool is_new = methods_.emplace(std::move(path), std::move(method)).second;
  assert(is_new);
}

const Method* MethodTable::Find(std::string_view path) const {
  const auto found = methods_.find(path);
  if (found == methods_.end()) return nullptr;
  const Method& method = found->second;
  return !method.is_served || method.is_served() ? &method : nullptr;
}

}  // namespace balance
