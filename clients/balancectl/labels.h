#pragma once

// Words and colours for the values of the API, shared by all tables.

#include <string>
#include <string_view>
#include <vector>

#include "clients/balancectl/text_table.h"
#include "clients/balancectl/time_text.h"
#include "proto/balance_v1.h"

namespace balance::ctl {

// The text after the last slash of a resource name, which is the id of the resource.
std::string ShortName(std::string_view name);

// Short names, separated by commas.
template <typename Names>
std::string ShortNames(const Names& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + ShortName(name);
  return text;
}

// A row's currency; a row without one says so.
std::string CurrencyLabel(const std::string& currency_code);

// The amount, or `-` where the upstream reported none.
Cell AmountCell(bool is_set, const v1::Amount& amount);
Cell TextCell(const std::string& text);
Cell AgoCell(bool is_set, const google::protobuf::Timestamp& time, WallTime now);

// The state's word: green FRESH, yellow STALE, red NO_DATA.
Cell StateCell(v1::SourceBalance::State state);
Cell BreakerCell(v1::Source::BreakerState state);
// The word for how a source is kept fresh; PUSH_DOWN is yellow.
Cell FeedCell(v1::Source::Feed feed);

// A value this program does not know, from a newer server, is shown as its number.
std::string MoneyLabel(v1::FundClass fund_class);
std::string MeasureLabel(v1::Measure measure);
std::string KindLabel(v1::SourceKind kind);

}  // namespace balance::ctl
