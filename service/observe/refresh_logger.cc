#include "service/observe/refresh_logger.h"

#include <spdlog/spdlog.h>

#include "service/snapshot/encode.h"

namespace balance {

void RefreshLogger::OnRefresh(const SourceStatus& before, const Result<Reading>& result,
                              Duration took) {
  const std::string name = SourceName(*before.info);
  if (result) {
    if (before.failure) {
      spdlog::info("{}: recovered after {} failed refreshes", name,
                   before.failure->consecutive_failures);
    } else if (!before.reading) {
      spdlog::info("{}: first reading", name);
    }
  } else {
    const Error& error = result.error();
    const bool is_news = !before.failure || before.failure->error.kind != error.kind;
    if (is_news) {
      spdlog::warn("{}: {}: {}{}{}", name, TraitsOf(error.kind).reason, error.message,
                   error.log_detail.empty() ? "" : "; upstream said: ", error.log_detail);
    }
  }
  next_.OnRefresh(before, result, took);
}

}  // namespace balance
