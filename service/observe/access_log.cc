#include "service/observe/access_log.h"

#include <spdlog/spdlog.h>

namespace balance {
namespace {

void Append(std::string& line, const char* name, std::string_view value) {
  if (value.empty()) return;
  line += fmt::format(" {}=\"", name);
  for (const char c : value) line += c >= ' ' && c <= '~' && c != '"' && c != '\\' ? c : '?';
  line += '"';
}

}  // namespace

std::string ToLogLine(const AccessDenial& denial) {
  std::string line =
      fmt::format("access denied: {} method={}", NameOf(denial.refusal), NameOf(denial.method));
  Append(line, "caller", denial.caller);
  Append(line, "certificate", denial.certificate);
  Append(line, "account", denial.account);
  Append(line, "peer", denial.peer);
  return line;
}

void AccessLog::OnDenied(const AccessDenial& denial) {
  spdlog::warn("{}", ToLogLine(denial));
  next_.OnDenied(denial);
}

}  // namespace balance
