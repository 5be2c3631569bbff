#include "clients/redis/seal.h"

#include <sodium.h>

#include <cassert>
#include <utility>

namespace balance {
namespace {

// The first byte of a sealed value: the format of what follows, which is a nonce and the sealed
// text with its tag.
constexpr char kFormat = 1;
constexpr std::size_t kNonceAt = 1;
constexpr std::size_t kTextAt = kNonceAt + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(Seal::kKeyBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::optional<std::string> OpenBy(const Secret& key, std::string_view name,
                                  std::string_view sealed) {
  const std::string_view text = sealed.substr(kTextAt);
  std::string plain(text.size() - kTagBytes, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          Bytes(plain), nullptr, nullptr, Bytes(text), text.size(), Bytes(name), name.size(),
          Bytes(sealed.substr(kNonceAt)), key.ExposeBytes().data()) != 0) {
    return std::nullopt;
  }
  return plain;
}

}  // namespace

Seal::Seal(std::shared_ptr<const Secret> key, std::shared_ptr<const Secret> previous)
    : key_(std::move(key)), previous_(std::move(previous)) {
  assert(key_ && key_->size() == kKeyBytes);
  assert(!previous_ || previous_->size() == kKeyBytes);
}

std::string Seal::Close(std::string_view name, std::string_view plain) const {
  std::string sealed(kTextAt + plain.size() + kTagBytes, '\0');
  sealed[0] = kFormat;
  unsigned char* const nonce = Bytes(sealed) + kNonceAt;
  randombytes_buf(nonce, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
  crypto_aead_xchacha20poly1305_ietf_encrypt(Bytes(sealed) + kTextAt, nullptr, Bytes(plain),
                                             plain.size(), Bytes(name), name.size(), nullptr, nonce,
                                             key_->ExposeBytes().data());
  return sealed;
}

Opened Seal::Open(std::string_view name, std::string_view sealed) const {
  if (sealed.size() < kTextAt + kTagBytes || sealed[0] != kFormat) {
    return {std::nullopt, SealFault::kUnknownFormat};
  }
  auto plain = OpenBy(*key_, name, sealed);
  if (!plain && previous_) plain = OpenBy(*previous_, name, sealed);
  return {std::move(plain), SealFault::kNotOpened};
}

}  // namespace balance
