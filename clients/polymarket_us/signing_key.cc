#include "clients/polymarket_us/signing_key.h"

#include <sodium.h>

#include <array>
#include <cassert>
#include <utility>

#include "clients/core/ascii.h"

namespace balance {
namespace {

constexpr std::size_t kLongForm = 64;
static_assert(kSigningSeedBytes == crypto_sign_SEEDBYTES);
static_assert(kLongForm == crypto_sign_SECRETKEYBYTES);
static_assert(kLongForm == 2 * kSigningSeedBytes);

constexpr int kBase64 = sodium_base64_VARIANT_ORIGINAL;

// Bytes on the stack that are wiped when they go out of scope.
template <std::size_t size>
class WipedBytes {
 public:
  WipedBytes() = default;
  WipedBytes(const WipedBytes&) = delete;
  WipedBytes& operator=(const WipedBytes&) = delete;
  ~WipedBytes() { sodium_memzero(bytes_.data(), size); }

  unsigned char* data() { return bytes_.data(); }
  std::string_view First(std::size_t count) const {
    return {reinterpret_cast<const char*>(bytes_.data()), count};
  }

 private:
  std::array<unsigned char, size> bytes_{};
};

Secret Expand(const Secret& seed) {
  assert(seed.size() == kSigningSeedBytes);
  WipedBytes<crypto_sign_SECRETKEYBYTES> expanded;
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> public_key;
  crypto_sign_seed_keypair(public_key.data(), expanded.data(), seed.ExposeBytes().data());
  return Secret(expanded.First(crypto_sign_SECRETKEYBYTES));
}

std::string_view PublicKeyOf(const Secret& expanded) {
  return expanded.Expose().substr(kSigningSeedBytes);
}

bool IsSecondHalf(WipedBytes<kLongForm>& bytes, std::string_view half) {
  return sodium_memcmp(bytes.data() + kSigningSeedBytes, half.data(), kSigningSeedBytes) == 0;
}

std::string ToBase64(std::span<const unsigned char> bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), kBase64), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), kBase64);
  // The length counts the terminator.
  text.pop_back();
  return text;
}

}  // namespace

Result<SecretKey> DecodeSecretKey(std::string_view base64_text) {
  const std::string_view text = TrimAscii(base64_text);
  WipedBytes<kLongForm> bytes;
  std::size_t size = 0;
  const bool is_base64 =
      !text.empty() && sodium_base642bin(bytes.data(), kLongForm, text.data(), text.size(), nullptr,
                                         &size, nullptr, kBase64) == 0;
  if (!is_base64 || (size != kSigningSeedBytes && size != kLongForm)) {
    return Fail(ErrorKind::kInvalidInput, "is not base64 of 32 or 64 bytes");
  }
  SecretKey key{std::make_shared<const Secret>(bytes.First(kSigningSeedBytes)), std::nullopt};
  if (size == kSigningSeedBytes) return key;
  key.expanded = Expand(*key.seed);
  key.repeats_seed = IsSecondHalf(bytes, key.seed->Expose());
  if (!key.repeats_seed && !IsSecondHalf(bytes, PublicKeyOf(*key.expanded))) {
    return Fail(ErrorKind::kInvalidInput,
                "holds 64 bytes of which the second half is not the public key of the first");
  }
  return key;
}

SigningKey::SigningKey(SecretKey key) : key_(std::move(key)) {}

void SigningKey::Prepare() const {
  std::call_once(is_expanded_, [this] {
    if (!key_.expanded) key_.expanded = Expand(*key_.seed);
  });
}

std::string SigningKey::Sign(std::string_view message) const {
  Prepare();
  std::array<unsigned char, crypto_sign_BYTES> signature;
  crypto_sign_detached(signature.data(), nullptr,
                       reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                       key_.expanded->ExposeBytes().data());
  return ToBase64(signature);
}

std::shared_ptr<const SigningKey> SigningKeyOf(const Login& login) {
  auto shared = std::dynamic_pointer_cast<const SigningKey>(login.key);
  return shared ? shared : std::make_shared<const SigningKey>(login.secret);
}

}  // namespace balance
