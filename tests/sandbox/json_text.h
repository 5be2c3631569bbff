#pragma once

// JSON written field by field, in order and without a number type in between.

#include <string>
#include <string_view>
#include <vector>

#include "tests/sandbox/encoding.h"

namespace balance::sandbox {

class JsonObject {
 public:
  // `json` goes in as it is.
  void Raw(std::string_view name, std::string_view json) {
    text_ += text_.empty() ? '{' : ',';
    text_.append(Quoted(name)).append(":").append(json);
  }
  void Text(std::string_view name, std::string_view text) { Raw(name, Quoted(text)); }

  std::string Take() { return text_.empty() ? "{}" : std::move(text_) + "}"; }

 private:
  std::string text_;
};

inline std::string JsonArray(const std::vector<std::string>& elements) {
  std::string text = "[";
  for (const std::string& element : elements) {
    if (text.size() > 1) text += ',';
    text += element;
  }
  return text + "]";
}

}  // namespace balance::sandbox
