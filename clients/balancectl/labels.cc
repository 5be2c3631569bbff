#include "clients/balancectl/labels.h"

namespace balance::ctl {
namespace {

// The name that protobuf has for an enum value, or its number.
std::string Word(const std::string& name, int number) {
  return name.empty() ? std::to_string(number) : name;
}

}  // namespace

std::string ShortName(std::string_view name) {
  return std::string(name.substr(name.rfind('/') + 1));
}

std::string CurrencyLabel(const std::string& currency_code) {
  return currency_code.empty() ? "(none)" : currency_code;
}

Cell AmountCell(bool is_set, const v1::Amount& amount) {
  return is_set ? Cell{amount.value(), Style::kPlain} : TextCell("");
}

Cell TextCell(const std::string& text) {
  return text.empty() ? Cell{"-", Style::kDim} : Cell{text, Style::kPlain};
}

Cell AgoCell(bool is_set, const google::protobuf::Timestamp& time, WallTime now) {
  return TextCell(is_set ? FormatAgo(time, now) : "");
}

Cell StateCell(v1::SourceBalance::State state) {
  const std::string word = Word(v1::SourceBalance::State_Name(state), state);
  switch (state) {
    case v1::SourceBalance::FRESH:
      return {word, Style::kGood};
    case v1::SourceBalance::STALE:
      return {word, Style::kCaution};
    case v1::SourceBalance_State_NO_DATA:
      return {word, Style::kBad};
    case v1::SourceBalance::NOT_REQUESTED:
      return {word, Style::kDim};
    default:
      return {word, Style::kCaution};
  }
}

Cell BreakerCell(v1::Source::BreakerState state) {
  const std::string word = Word(v1::Source::BreakerState_Name(state), state);
  switch (state) {
    case v1::Source::CLOSED:
      return {word, Style::kGood};
    case v1::Source::OPEN:
      return {word, Style::kBad};
    default:
      return {word, Style::kCaution};
  }
}

Cell FeedCell(v1::Source::Feed feed) {
  // An older server does not tell it.
  if (feed == v1::Source::FEED_UNSPECIFIED) return TextCell("");
  const std::string word = Word(v1::Source::Feed_Name(feed), feed);
  const bool is_plain = feed == v1::Source::POLL || feed == v1::Source::PUSH;
  return {word, is_plain ? Style::kPlain : Style::kCaution};
}

std::string MoneyLabel(v1::FundClass fund_class) {
  switch (fund_class) {
    case v1::REAL_MONEY:
      return "real";
    case v1::SIMULATED_MONEY:
      return "simulated";
    default:
      return Word(v1::FundClass_Name(fund_class), fund_class);
  }
}

std::string MeasureLabel(v1::Measure measure) {
  switch (measure) {
    case v1::CASH:
      return "cash";
    case v1::AVAILABLE_TO_TRADE:
      return "available to trade";
    case v1::EQUITY:
      return "equity";
    default:
      return Word(v1::Measure_Name(measure), measure);
  }
}

std::string KindLabel(v1::SourceKind kind) { return Word(v1::SourceKind_Name(kind), kind); }

}  // namespace balance::ctl
