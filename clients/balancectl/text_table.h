#pragma once

// A table of text for a terminal.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "clients/balancectl/terminal_text.h"

namespace balance::ctl {

enum class Align : std::uint8_t {
  kLeft,
  kRight,
  // Aligns plain decimals by their points; other text ends where the points are.
  kPoint,
};

struct Column {
  std::string title;
  Align align = Align::kLeft;
};

struct Cell {
  std::string text;
  Style style = Style::kPlain;
};

// Rows under titled columns, two spaces apart. If that is wider than the canvas, each row becomes a
// record of `title value` lines instead. Figures are never shortened or rewritten. Every text is
// made safe on its way in. Not thread-safe.
class TextTable {
 public:
  explicit TextTable(std::vector<Column> columns);

  // Adds a row of at most as many cells as there are columns; missing cells are empty. If the last
  // cell stands before the last column, it is a remark: it may run over the columns that follow,
  // and makes none wider.
  void AddRow(std::vector<Cell> cells);

  bool empty() const { return rows_.empty(); }

  // Lines indented by `indent`, each ending with a newline and none with a space.
  std::string Render(std::size_t indent, const Canvas& canvas) const;

 private:
  struct Width {
    // For kPoint columns: width of the part before the point, and of the point with the part behind
    // it.
    std::size_t before = 0;
    std::size_t after = 0;
    std::size_t total = 0;
  };

  // Titles in a kPoint column end where the column does.
  enum class Points : std::uint8_t { kAligned, kIgnored };

  bool IsRemark(const std::vector<Cell>& row, std::size_t column) const;
  std::vector<Width> Measure() const;
  std::string RenderRecords(std::size_t indent, const Canvas& canvas) const;
  std::string RenderRow(const std::vector<Cell>& row, Points points,
                        const std::vector<Width>& widths, std::size_t indent,
                        const Canvas& canvas) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace balance::ctl
