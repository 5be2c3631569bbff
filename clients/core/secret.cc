#include "clients/core/secret.h"

#include <sodium.h>

#include <string>

namespace balance {
namespace {

// As malloc() has one heap. It outlives every secret, those of static objects too.
SecretMemory& Memory() {
  static auto* const memory = new SecretMemory;
  return *memory;
}

}  // namespace

Secret::Secret(std::string_view bytes) : memory_(Memory().Keep(bytes), Release{bytes.size()}) {}

void Secret::Release::operator()(const unsigned char* memory) const {
  Memory().Forget(memory, size);
}

std::string_view Secret::Expose() const {
  return {reinterpret_cast<const char*>(memory_.get()), size()};
}

std::span<const unsigned char> Secret::ExposeBytes() const { return {memory_.get(), size()}; }

bool operator==(const Secret& a, const Secret& b) {
  if (a.size() != b.size()) return false;
  return a.size() == 0 || sodium_memcmp(a.memory_.get(), b.memory_.get(), a.size()) == 0;
}

SecretBatch::SecretBatch() : batch_(Memory()) {}

void Wipe(std::string& text) {
  sodium_memzero(text.data(), text.size());
  text.clear();
}

}  // namespace balance
