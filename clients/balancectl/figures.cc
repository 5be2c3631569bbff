#include "clients/balancectl/figures.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "clients/balancectl/labels.h"
#include "clients/core/reading.h"

namespace balance::ctl {
namespace {

using B = v1::CurrencyBalance;

// The amounts of a row that are not totalled, and so not among the main figures, in their order.
std::vector<const google::protobuf::FieldDescriptor*> OtherAmounts() {
  std::set<std::string> totalled;
  for (int i = 0; i < v1::Measure_descriptor()->value_count(); ++i) {
    // A measure is called like the amount that it totals, in capitals.
    std::string name = v1::Measure_descriptor()->value(i)->name();
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    totalled.insert(std::move(name));
  }
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  for (const MoneyField& amount : kMoneyFields) {
    const auto* field = B::descriptor()->FindFieldByName(std::string(amount.name));
    if (!totalled.contains(field->name())) fields.push_back(field);
  }
  return fields;
}

// The field's name for people: `total_pnl` is "total P&L".
std::string LabelOf(const google::protobuf::FieldDescriptor& field) {
  constexpr std::string_view kProfit = "pnl";
  std::string label = field.name();
  std::replace(label.begin(), label.end(), '_', ' ');
  if (const auto at = label.find(kProfit); at != std::string::npos) {
    label.replace(at, kProfit.size(), "P&L");
  }
  return label;
}

bool Has(const B& row, const google::protobuf::FieldDescriptor& field) {
  return B::GetReflection()->HasField(row, &field);
}

Cell AmountOf(const B& row, const google::protobuf::FieldDescriptor& field) {
  const auto& amount = static_cast<const v1::Amount&>(B::GetReflection()->GetMessage(row, &field));
  return AmountCell(Has(row, field), amount);
}

// A row of a balance set with the source it belongs to.
struct SourceRow {
  const v1::SourceBalance* source;
  const B* balance;
};

std::vector<SourceRow> RowsOf(const SourceList& sources) {
  std::vector<SourceRow> rows;
  for (const auto* source : sources) {
    for (const auto& balance : source->balance_set().balances()) rows.push_back({source, &balance});
  }
  return rows;
}

bool CountsStale(const v1::AccountSnapshot& snapshot, const v1::MeasureTotal& total) {
  return std::any_of(snapshot.sources().begin(), snapshot.sources().end(), [&](const auto& source) {
    const auto& counted = total.counted_sources();
    return source.state() == v1::SourceBalance::STALE &&
           std::find(counted.begin(), counted.end(), source.name()) != counted.end();
  });
}

Cell UnknownTotal(const v1::MeasureTotal& total) {
  std::string text = "unknown";
  if (total.missing_sources_size() > 0) {
    text += " (missing: " + ShortNames(total.missing_sources()) + ")";
  }
  if (total.has_known_subtotal()) text += ", known subtotal " + total.known_subtotal().value();
  return {text, Style::kCaution};
}

}  // namespace

TextTable MainFigures(const SourceList& sources, WallTime now) {
  TextTable table({{"SOURCE", Align::kLeft},
                   {"STATE", Align::kLeft},
                   {"AGE", Align::kRight},
                   {"CUR", Align::kLeft},
                   {"CASH", Align::kPoint},
                   {"AVAILABLE", Align::kPoint},
                   {"EQUITY", Align::kPoint}});
  for (const auto* source : sources) {
    const std::vector<Cell> head = {
        {ShortName(source->name()), Style::kPlain},
        StateCell(source->state()),
        AgoCell(source->has_freshness(), source->freshness().observe_time(), now)};
    for (const auto& balance : source->balance_set().balances()) {
      std::vector<Cell> row = head;
      row.push_back({CurrencyLabel(balance.currency_code()), Style::kPlain});
      row.push_back(AmountCell(balance.has_cash(), balance.cash()));
      row.push_back(AmountCell(balance.has_available_to_trade(), balance.available_to_trade()));
      row.push_back(AmountCell(balance.has_equity(), balance.equity()));
      table.AddRow(std::move(row));
    }
    if (source->balance_set().balances().empty()) {
      std::vector<Cell> row = head;
      if (source->has_balance_set()) {
        row.push_back({"holds nothing", Style::kDim});
      } else {
        row.insert(row.end(), 4, TextCell(""));
      }
      table.AddRow(std::move(row));
    }
  }
  return table;
}

TextTable Totals(const v1::AccountSnapshot& snapshot, v1::FundClass fund_class, WallTime now) {
  TextTable table({{"TOTAL", Align::kLeft},
                   {"CUR", Align::kLeft},
                   {"AMOUNT", Align::kPoint},
                   {"OLDEST READING", Align::kLeft}});
  for (const auto& total : snapshot.totals()) {
    if (total.fund_class() != fund_class) continue;
    std::vector<Cell> row = {{MeasureLabel(total.measure()), Style::kPlain},
                             {CurrencyLabel(total.currency_code()), Style::kPlain}};
    if (total.has_total()) {
      Cell age = AgoCell(total.has_oldest_observe_time(), total.oldest_observe_time(), now);
      if (CountsStale(snapshot, total)) age = {age.text + ", stale", Style::kCaution};
      row.push_back({total.total().value(), Style::kTitle});
      row.push_back(std::move(age));
    } else {
      row.push_back(UnknownTotal(total));
    }
    table.AddRow(std::move(row));
  }
  return table;
}

TextTable OtherFigures(const SourceList& sources) {
  const std::vector<SourceRow> rows = RowsOf(sources);
  std::vector<Column> columns = {{"FIGURE", Align::kLeft}};
  for (const auto& [source, balance] : rows) {
    columns.push_back(
        {ShortName(source->name()) + " " + CurrencyLabel(balance->currency_code()), Align::kPoint});
  }
  TextTable table(std::move(columns));
  for (const auto* field : OtherAmounts()) {
    if (std::none_of(rows.begin(), rows.end(),
                     [&](const SourceRow& row) { return Has(*row.balance, *field); })) {
      continue;
    }
    std::vector<Cell> cells = {{LabelOf(*field), Style::kPlain}};
    for (const auto& [source, balance] : rows) cells.push_back(AmountOf(*balance, *field));
    table.AddRow(std::move(cells));
  }
  const auto has_change = [](const SourceRow& row) { return row.balance->has_change_time(); };
  if (std::any_of(rows.begin(), rows.end(), has_change)) {
    std::vector<Cell> cells = {{"last changed", Style::kPlain}};
    for (const SourceRow& row : rows) {
      cells.push_back(TextCell(has_change(row) ? FormatUtc(row.balance->change_time()) : ""));
    }
    table.AddRow(std::move(cells));
  }
  return table;
}

TextTable PendingWithdrawals(const SourceList& sources) {
  TextTable table({{"WITHDRAWAL", Align::kLeft},
                   {"SOURCE", Align::kLeft},
                   {"CUR", Align::kLeft},
                   {"AMOUNT", Align::kPoint},
                   {"CREATED", Align::kLeft},
                   {"ACKNOWLEDGED", Align::kLeft},
                   {"DESCRIPTION", Align::kLeft}});
  for (const auto& [source, balance] : RowsOf(sources)) {
    for (const auto& withdrawal : balance->pending_withdrawals()) {
      const std::string created =
          withdrawal.has_create_time() ? FormatUtc(withdrawal.create_time()) : "";
      const std::string acknowledged =
          withdrawal.has_acknowledged() ? (withdrawal.acknowledged() ? "yes" : "no") : "";
      table.AddRow({TextCell(withdrawal.id()), TextCell(ShortName(source->name())),
                    TextCell(CurrencyLabel(balance->currency_code())),
                    AmountCell(withdrawal.has_amount(), withdrawal.amount()), TextCell(created),
                    TextCell(acknowledged), TextCell(withdrawal.description())});
    }
  }
  return table;
}

TextTable OtherFields(const SourceList& sources) {
  TextTable table({{"OTHER FIELD", Align::kLeft},
                   {"SOURCE", Align::kLeft},
                   {"CUR", Align::kLeft},
                   {"VALUE", Align::kLeft}});
  for (const auto& [source, balance] : RowsOf(sources)) {
    const std::map<std::string, std::string> by_name(balance->other_fields().begin(),
                                                     balance->other_fields().end());
    for (const auto& [name, value] : by_name) {
      table.AddRow({TextCell(name), TextCell(ShortName(source->name())),
                    TextCell(CurrencyLabel(balance->currency_code())), TextCell(value)});
    }
  }
  return table;
}

}  // namespace balance::ctl
