#pragma once

// The custom metadata of a call, such as `authorization`: what is neither HTTP/2's nor gRPC's own.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace balance {

// Names and values in the order received, in one block of memory that is used again for the next
// call. Used on one thread.
class Metadata {
 public:
  void Add(std::string_view name, std::string_view value) {
    text_.append(name).push_back('\0');
    text_.append(value).push_back('\0');
  }

  // Empties it; keeps at most kKeptBytes of memory. Overwrites what was there, a token perhaps.
  void Clear() {
    std::fill(text_.begin(), text_.end(), '\0');
    text_.clear();
    if (text_.capacity() > kKeptBytes) std::string().swap(text_);
  }

  // Calls `visit(name, value)` for each entry. The views live as long as the entries.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    std::string_view rest = text_;
    while (!rest.empty()) {
      const std::string_view name = TakeText(rest);
      visit(name, TakeText(rest));
    }
  }

 private:
  static constexpr std::size_t kKeptBytes = 1024;

  // HTTP/2 admits no zero inside names and values.
  static std::string_view TakeText(std::string_view& rest) {
    const std::string_view text = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(text.size() + 1);
    return text;
  }

  std::string text_;
};

}  // namespace balance
