#include "clients/balancectl/text_table.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace balance::ctl {
namespace {

constexpr std::size_t kGap = 2;

std::size_t WidthBeforePoint(std::string_view text) {
  return DisplayWidth(text.substr(0, text.find('.')));
}

}  // namespace

TextTable::TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

void TextTable::AddRow(std::vector<Cell> cells) {
  for (Cell& cell : cells) cell.text = SafeText(cell.text);
  rows_.push_back(std::move(cells));
}

bool TextTable::IsRemark(const std::vector<Cell>& row, std::size_t column) const {
  return column + 1 == row.size() && row.size() < columns_.size();
}

std::vector<TextTable::Width> TextTable::Measure() const {
  std::vector<Width> widths(columns_.size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (IsRemark(row, i)) continue;
      const std::size_t before = WidthBeforePoint(row[i].text);
      widths[i].before = std::max(widths[i].before, before);
      widths[i].after = std::max(widths[i].after, DisplayWidth(row[i].text) - before);
      widths[i].total = std::max(widths[i].total, DisplayWidth(row[i].text));
    }
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].align == Align::kPoint) widths[i].total = widths[i].before + widths[i].after;
    widths[i].total = std::max(widths[i].total, DisplayWidth(columns_[i].title));
  }
  return widths;
}

std::string TextTable::Render(std::size_t indent, const Canvas& canvas) const {
  const std::vector<Width> widths = Measure();
  std::size_t total = indent;
  for (const Width& width : widths) total += width.total + kGap;
  if (canvas.width != 0 && total - kGap > canvas.width) return RenderRecords(indent, canvas);

  std::vector<Cell> titles;
  for (const Column& column : columns_) titles.push_back({column.title, Style::kDim});
  std::string text = RenderRow(titles, Points::kIgnored, widths, indent, canvas);
  for (const auto& row : rows_) text += RenderRow(row, Points::kAligned, widths, indent, canvas);
  return text;
}

std::string TextTable::RenderRow(const std::vector<Cell>& row, Points points,
                                 const std::vector<Width>& widths, std::size_t indent,
                                 const Canvas& canvas) const {
  std::string line;
  std::size_t pending = indent;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string& text = row[i].text;
    const std::size_t free =
        IsRemark(row, i) ? 0 : widths[i].total - std::min(widths[i].total, DisplayWidth(text));
    std::size_t after = 0;
    if (columns_[i].align == Align::kLeft || IsRemark(row, i)) {
      after = free;
    } else if (columns_[i].align == Align::kPoint && points == Points::kAligned) {
      after = std::min(free, widths[i].after - (DisplayWidth(text) - WidthBeforePoint(text)));
    }
    if (!text.empty()) {
      line += std::string(pending + free - after, ' ') + Paint(text, row[i].style, canvas);
      pending = 0;
    } else {
      after = free;
    }
    pending += after + kGap;
  }
  return line + "\n";
}

std::string TextTable::RenderRecords(std::size_t indent, const Canvas& canvas) const {
  std::size_t title_width = 0;
  for (const Column& column : columns_) {
    title_width = std::max(title_width, DisplayWidth(column.title));
  }
  std::string text;
  for (const auto& row : rows_) {
    if (&row != &rows_.front()) text += "\n";
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row[i].text.empty()) continue;
      const std::string& title = columns_[i].title;
      text += std::string(indent, ' ') + Paint(title, Style::kDim, canvas) +
              std::string(title_width - DisplayWidth(title) + kGap, ' ') +
              Paint(row[i].text, row[i].style, canvas) + "\n";
    }
  }
  return text;
}

}  // namespace balance::ctl
