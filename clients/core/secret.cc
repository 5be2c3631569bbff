#include "clients/core/secret.h"

#include <sodium.h>

#include <cstring>
#include <new>
#include <string>

namespace balance {

Secret::Secret(std::string_view bytes)
    : memory_(static_cast<unsigned char*>(sodium_malloc(bytes.size() + 1))), size_(bytes.size()) {
  if (!memory_) throw std::bad_alloc();
  std::memcpy(memory_.get(), bytes.data(), bytes.size());
  sodium_mprotect_readonly(memory_.get());
}

void Secret::Release::operator()(unsigned char* memory) const { sodium_free(memory); }

std::string_view Secret::Expose() const {
  return {reinterpret_cast<const char*>(memory_.get()), size_};
}

std::span<const unsigned char> Secret::ExposeBytes() const { return {memory_.get(), size_}; }

bool operator==(const Secret& a, const Secret& b) {
  return a.size_ == b.size_ && sodium_memcmp(a.memory_.get(), b.memory_.get(), a.size_) == 0;
}

void Wipe(std::string& text) {
  sodium_memzero(text.data(), text.size());
  text.clear();
}

}  // namespace balance
