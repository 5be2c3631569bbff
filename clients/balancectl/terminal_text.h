#pragma once

// Text for a terminal: made harmless, measured, coloured and wrapped.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace balance::ctl {

// Properties of the terminal or file that text is written to.
struct Canvas {
  // Number of columns; 0: no limit.
  std::size_t width = 0;
  bool color = false;
};

enum class Style : std::uint8_t { kPlain, kTitle, kGood, kCaution, kBad, kDim };

// `text` with everything that could steer a terminal or hide text written out as \x1b or \u{202e}:
// control characters (C0, DEL, C1), bidirectional and other invisible marks, line separators, and
// bytes that are not UTF-8. What an upstream wrote reaches a terminal only through here. Applying
// it twice changes nothing.
std::string SafeText(std::string_view text);

// Code points of UTF-8 text.
std::size_t DisplayWidth(std::string_view text);

// Safe text in a style; the escape sequences only if the canvas has colour.
std::string Paint(std::string_view text, Style style, const Canvas& canvas);

// Safe text in lines of the canvas's width, broken at spaces. The first line starts with `head`,
// which is taken as it is and counts as `head_width` columns; the others are indented as far. Ends
// with a newline. A word too long for a line stands on one of its own.
std::string Wrap(std::string_view head, std::size_t head_width, std::string_view text,
                 const Canvas& canvas);

}  // namespace balance::ctl
