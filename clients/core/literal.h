#pragma once

#include <string_view>

namespace balance {

// A text that lives as long as the program, in half of the bytes of a string_view.
class Literal {
 public:
  constexpr Literal() = default;
  // REQUIRES: `text` is a whole string literal, so that its end is marked.
  // NOLINTNEXTLINE(google-explicit-constructor): it is made of and used as text, as string_view is.
  constexpr Literal(std::string_view text) : text_(text.empty() ? "" : text.data()) {}
  // NOLINTNEXTLINE(google-explicit-constructor): the same.
  constexpr Literal(const char* text) : text_(text) {}

  // NOLINTNEXTLINE(google-explicit-constructor): the same.
  constexpr operator std::string_view() const { return text_; }

  friend bool operator==(Literal a, Literal b) {
    return std::string_view(a) == std::string_view(b);
  }
  friend bool operator==(Literal a, std::string_view b) { return std::string_view(a) == b; }

 private:
  const char* text_ = "";
};

}  // namespace balance
