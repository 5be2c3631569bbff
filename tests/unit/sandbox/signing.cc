#include "tests/unit/sandbox/signing.h"

#include <sodium.h>

#include <array>
#include <utility>

#include "tests/sandbox/encoding.h"

namespace balance::sandbox {

PolymarketKey VectorKey() {
  return {"6a1f0a52-6f0f-4a0e-9d6b-0d7f4f8f3c11",
          "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "main"};
}

std::string UnixMilliseconds(WallTime time) {
  return std::to_string(time.time_since_epoch() / std::chrono::milliseconds(1));
}

std::vector<Header> SignedHeaders(const PolymarketKey& key, const std::string& timestamp,
                                  const std::string& method, const std::string& path) {
  const auto seed = FromBase64(key.secret_key).value();
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> public_key;
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret;
  crypto_sign_seed_keypair(public_key.data(), secret.data(), seed.data());
  const std::string message = timestamp + method + path;
  std::array<unsigned char, crypto_sign_BYTES> signature;
  crypto_sign_detached(signature.data(), nullptr,
                       reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                       secret.data());
  return {{"X-PM-Access-Key", key.key_id},
          {"X-PM-Timestamp", timestamp},
          {"X-PM-Signature", Base64(signature)}};
}

HttpCall Get(const std::string& path, std::vector<Header> headers) {
  HttpCall call;
  call.method = "GET";
  call.path = path;
  call.headers = std::move(headers);
  call.connection = 1;
  call.number_on_connection = 1;
  return call;
}

std::string HeaderOf(const HttpReply& reply, const std::string& name) {
  for (const Header& header : reply.headers) {
    if (header.name == name) return header.value;
  }
  return "";
}

}  // namespace balance::sandbox
