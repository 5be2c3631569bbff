#include "clients/venue/bounded_text.h"

namespace balance {

std::string Bounded(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  constexpr unsigned kContinuationMask = 0xC0;
  constexpr unsigned kContinuation = 0x80;
  while (limit > 0 &&
         (static_cast<unsigned char>(text[limit]) & kContinuationMask) == kContinuation) {
    --limit;
  }
  text.resize(limit);
  return text;
}

}  // namespace balance
