#include "service/server/status_text.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>
#include <spdlog/fmt/fmt.h>

#include <chrono>
#include <vector>

#include "clients/core/ascii.h"

namespace balance {
namespace {

constexpr auto kSecond = std::chrono::seconds(1);
constexpr auto kMinute = std::chrono::minutes(1);
constexpr auto kHour = std::chrono::hours(1);
constexpr auto kDay = std::chrono::days(1);

template <typename Big, typename Small>
std::string TwoUnits(Duration duration, Big big, const char* big_name, Small small,
                     const char* small_name) {
  const auto rest = (duration % big) / small;
  if (rest == 0) return fmt::format("{} {}", duration / big, big_name);
  return fmt::format("{} {} {} {}", duration / big, big_name, rest, small_name);
}

}  // namespace

std::string ShortDuration(Duration duration) {
  if (duration < Duration::zero()) return "-" + ShortDuration(-duration);
  if (duration < kSecond) {
    return fmt::format("{} ms", std::chrono::floor<std::chrono::milliseconds>(duration).count());
  }
  if (duration < kMinute) {
    return fmt::format("{:.1f} s",
                       static_cast<double>(duration / std::chrono::milliseconds(100)) / 10);
  }
  if (duration < kHour) return TwoUnits(duration, kMinute, "min", kSecond, "s");
  if (duration < kDay) return TwoUnits(duration, kHour, "h", kMinute, "min");
  return TwoUnits(duration, kDay, "d", kHour, "h");
}

std::string ShortBytes(double bytes) {
  constexpr double kStep = 1024;
  const char* unit = "B";
  for (const char* bigger : {"KiB", "MiB", "GiB"}) {
    if (bytes < kStep) break;
    bytes /= kStep;
    unit = bigger;
  }
  return *unit == 'B' ? fmt::format("{:.0f} {}", bytes, unit)
                      : fmt::format("{:.1f} {}", bytes, unit);
}

std::string_view NameOf(SourceState state) {
  switch (state) {
    case SourceState::kFresh:
      return "FRESH";
    case SourceState::kStale:
      return "STALE";
    case SourceState::kNoData:
      return "NO_DATA";
    case SourceState::kNotRequested:
      return "NOT_REQUESTED";
  }
  return "";
}

std::string_view NameOf(FeedState feed) {
  switch (feed) {
    case FeedState::kPoll:
      return "POLL";
    case FeedState::kPush:
      return "PUSH";
    case FeedState::kPushDown:
      return "PUSH_DOWN";
  }
  return "";
}

std::string_view NameOf(BreakerState breaker) {
  switch (breaker) {
    case BreakerState::kClosed:
      return "CLOSED";
    case BreakerState::kOpen:
      return "OPEN";
    case BreakerState::kHalfOpen:
      return "HALF_OPEN";
  }
  return "";
}

StatusSection SectionOf(std::string title, const google::protobuf::Message& message, int least) {
  using google::protobuf::TextFormat;
  StatusSection section{std::move(title), {}};
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  printer.SetUseUtf8StringEscaping(true);
  for (const auto* field : fields) {
    if (field->number() < least) continue;
    const int count = field->is_repeated() ? message.GetReflection()->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      std::string value;
      printer.PrintFieldValueToString(message, field, field->is_repeated() ? i : -1, &value);
      section.rows.emplace_back(field->name(), TrimAscii(value));
    }
  }
  return section;
}

}  // namespace balance
