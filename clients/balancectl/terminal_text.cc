#include "clients/balancectl/terminal_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "clients/core/utf8.h"

namespace balance::ctl {
namespace {

bool IsHarmless(std::uint32_t c) {
  struct Range {
    std::uint32_t first;
    std::uint32_t last;
  };
  constexpr std::array<Range, 13> kHarmful = {{{0x00, 0x1f},        // C0 controls
                                               {0x7f, 0x9f},        // DEL and C1 controls
                                               {0xad, 0xad},        // soft hyphen
                                               {0x61c, 0x61c},      // Arabic letter mark
                                               {0x180e, 0x180e},    // invisible separator
                                               {0x200b, 0x200f},    // zero widths, direction marks
                                               {0x2028, 0x202e},    // separators, embeddings
                                               {0x2060, 0x206f},    // invisible operators, isolates
                                               {0xfe00, 0xfe0f},    // variation selectors
                                               {0xfeff, 0xfeff},    // byte order mark
                                               {0xfff0, 0xffff},    // annotations, specials
                                               {0xe0000, 0xe0fff},  // tags, variation selectors
                                               {0xf0000, 0x10ffff}}};  // private use
  return std::none_of(kHarmful.begin(), kHarmful.end(),
                      [c](const Range& range) { return range.first <= c && c <= range.last; });
}

std::string Hex(std::uint32_t value, std::size_t digits) {
  std::string text;
  while (value != 0 || text.size() < digits) {
    text.insert(text.begin(), "0123456789abcdef"[value & 0xf]);
    value >>= 4;
  }
  return text;
}

std::string_view Sequence(Style style) {
  switch (style) {
    case Style::kPlain:
      return {};
    case Style::kTitle:
      return "\x1b[1m";
    case Style::kGood:
      return "\x1b[32m";
    case Style::kCaution:
      return "\x1b[33m";
    case Style::kBad:
      return "\x1b[31m";
    case Style::kDim:
      return "\x1b[2m";
  }
  return {};
}

}  // namespace

std::string SafeText(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    const auto point = FirstUtf8Character(text);
    const std::size_t length = point ? point->bytes : 1;
    if (!point) {
      safe += "\\x" + Hex(static_cast<std::uint8_t>(text.front()), 2);
    } else if (IsHarmless(point->code_point)) {
      safe += text.substr(0, length);
    } else if (point->code_point < 0x80) {
      safe += "\\x" + Hex(point->code_point, 2);
    } else {
      safe += "\\u{" + Hex(point->code_point, 4) + "}";
    }
    text.remove_prefix(length);
  }
  return safe;
}

std::size_t DisplayWidth(std::string_view text) { return CountUtf8Characters(text); }

std::string Paint(std::string_view text, Style style, const Canvas& canvas) {
  std::string safe = SafeText(text);
  const std::string_view sequence = Sequence(style);
  if (!canvas.color || sequence.empty() || safe.empty()) return safe;
  return std::string(sequence) + safe + "\x1b[0m";
}

std::string Wrap(std::string_view head, std::size_t head_width, std::string_view text,
                 const Canvas& canvas) {
  const std::string safe = SafeText(text);
  std::string wrapped(head);
  std::size_t column = head_width;
  bool line_empty = true;
  for (std::size_t at = 0; at < safe.size();) {
    const std::size_t end = std::min(safe.find(' ', at), safe.size());
    const std::string_view word = std::string_view(safe).substr(at, end - at);
    const std::size_t width = DisplayWidth(word);
    if (!line_empty && canvas.width != 0 && column + 1 + width > canvas.width) {
      wrapped += "\n" + std::string(head_width, ' ');
      column = head_width;
      line_empty = true;
    }
    if (!line_empty) {
      wrapped += ' ';
      ++column;
    }
    wrapped += word;
    column += width;
    line_empty = line_empty && word.empty();
    at = end + 1;
  }
  return wrapped + "\n";
}

}  // namespace balance::ctl
