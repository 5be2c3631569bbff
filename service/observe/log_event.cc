#include "service/observe/log_event.h"

#include <spdlog/spdlog.h>

#include <atomic>
#include <nlohmann/json.hpp>

namespace balance {
namespace {

constexpr bool IsInOrder() {
  for (std::size_t i = 0; i < kLogEvents.size(); ++i) {
    if (static_cast<std::size_t>(kLogEvents[i].event) != i) return false;
  }
  return static_cast<std::size_t>(LogEvent::kLinesLeftOut) + 1 == kLogEvents.size();
}
static_assert(IsInOrder(), "kLogEvents is indexed by LogEvent");

std::atomic<LogLineFormat> line_format = LogLineFormat::kText;

std::string JsonOf(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void AppendEntry(std::string_view name, const nlohmann::json& value, std::string& line) {
  if (!line.empty()) line += ',';
  line += JsonOf(name) + ':' + JsonOf(value);
}

}  // namespace

void SetLogLineFormat(LogLineFormat format) { line_format = format; }

void Log(LogEvent event, std::string_view text, std::initializer_list<LogField> fields) {
  LogAt(FactsOf(event).level, event, text, fields);
}

void LogAt(spdlog::level::level_enum level, LogEvent event, std::string_view text,
           std::initializer_list<LogField> fields) {
  spdlog::logger* const logger = spdlog::default_logger_raw();
  if (!logger->should_log(level)) return;
  if (line_format == LogLineFormat::kText) {
    logger->log(level, spdlog::string_view_t(text.data(), text.size()));
  } else {
    logger->log(level, spdlog::string_view_t(JsonLineRest(event, text, fields)));
  }
}

std::string JsonLineRest(LogEvent event, std::string_view text,
                         std::initializer_list<LogField> fields) {
  std::string line;
  AppendEntry("event", FactsOf(event).name, line);
  AppendEntry("message", text, line);
  for (const LogField& field : fields) {
    const auto* words = std::get_if<std::string_view>(&field.value);
    if (words && words->empty()) continue;
    std::visit([&](const auto& value) { AppendEntry(field.name, value, line); }, field.value);
  }
  return line + "}";
}

}  // namespace balance
