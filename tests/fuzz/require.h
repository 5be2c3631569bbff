#pragma once

// What the fuzz targets demand of the code under test. Used on one thread.

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

namespace balance::fuzz {

// Stands in seeds wherever upstream or secret text stands, and in no literal of the service: an
// error message that holds it holds text that is none of its business.
inline constexpr std::string_view kCanary = "cAnArY";

// Aborts, which libFuzzer and the replay report with the input, unless `holds`.
void Require(bool holds, std::string_view what);

bool IsPrintableAscii(std::string_view text);
bool IsUtf8(std::string_view text);
// Whether `text` is `-?digits[.digits]`, without a sign on a zero.
bool IsPlainDecimal(std::string_view text);

// The messages of one origin, which are made of literals. If input leaked into one, there would
// soon be more of them than there can be.
class LiteralMessages {
 public:
  // Printable ASCII, of sensible length, without the canary, and few in all.
  void Check(const std::string& message);

 private:
  std::set<std::string> seen_;
};

}  // namespace balance::fuzz
