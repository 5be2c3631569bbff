#include "tests/sandbox/polymarket_auth.h"

#include <sodium.h>

#include <charconv>
#include <vector>

#include "tests/sandbox/encoding.h"

namespace balance::sandbox {
namespace {

constexpr std::chrono::milliseconds kWindow = std::chrono::seconds(30);

bool WithinWindow(std::string_view text, WallTime now) {
  std::int64_t milliseconds = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, milliseconds);
  if (error != std::errc{} || stop != end || milliseconds < 0) return false;
  const auto server = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const std::int64_t ahead = milliseconds - server;
  return -kWindow.count() <= ahead && ahead <= kWindow.count();
}

bool SignedBy(const std::array<unsigned char, 32>& public_key, std::string_view signature,
              const std::string& message) {
  const auto bytes = FromBase64(signature);
  if (!bytes || bytes->size() != crypto_sign_BYTES) return false;
  return crypto_sign_verify_detached(bytes->data(),
                                     reinterpret_cast<const unsigned char*>(message.data()),
                                     message.size(), public_key.data()) == 0;
}

std::string Prose(AuthFailure failure) {
  return failure == AuthFailure::kBadTimestamp ? "timestamp is outside the allowed window"
                                               : "invalid signature";
}

}  // namespace

Result<void> PolymarketAuth::AddKey(const PolymarketKey& key) {
  const auto secret = FromBase64(key.secret_key);
  if (key.key_id.empty() || !secret || (secret->size() != 32 && secret->size() != 64)) {
    return Fail(ErrorKind::kInvalidInput,
                "a Polymarket key needs an id and the standard base64 of 32 or 64 secret bytes");
  }
  Registered registered;
  registered.wallet = key.wallet;
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> expanded;
  crypto_sign_seed_keypair(registered.public_key.data(), expanded.data(), secret->data());
  sodium_memzero(expanded.data(), expanded.size());
  keys_[key.key_id] = registered;
  return {};
}

AuthVerdict PolymarketAuth::Judge(const HttpCall& call, std::string_view path, WallTime now) const {
  const std::string_view key_id = call.HeaderValue("X-PM-Access-Key");
  const std::string_view timestamp = call.HeaderValue("X-PM-Timestamp");
  const std::string_view signature = call.HeaderValue("X-PM-Signature");
  if (key_id.empty() || timestamp.empty() || signature.empty()) {
    return {AuthFailure::kMissingHeaders, {}};
  }
  const auto found = keys_.find(key_id);
  if (found == keys_.end()) return {AuthFailure::kUnknownKey, {}};
  const Registered& key = found->second;
  if (!WithinWindow(timestamp, now)) return {AuthFailure::kBadTimestamp, key.wallet};
  std::string message(timestamp);
  message.append(call.method).append(path);
  if (!SignedBy(key.public_key, signature, message)) {
    return {AuthFailure::kBadSignature, key.wallet};
  }
  return {AuthFailure::kNone, key.wallet};
}

HttpReply PolymarketAuth::Refusal(AuthFailure failure, AuthErrorStyle style) {
  // These two bodies were observed; what the others look like, nobody has published.
  if (failure == AuthFailure::kMissingHeaders) {
    return TextReply(401, "Missing required API key headers");
  }
  if (failure == AuthFailure::kUnknownKey) return TextReply(401, "API key not found\n");
  switch (style) {
    case AuthErrorStyle::kText:
      break;
    case AuthErrorStyle::kJson: {
      const bool clock = failure == AuthFailure::kBadTimestamp;
      return JsonReply(401, std::string("{\"") + (clock ? "message" : "error") + "\":\"" +
                                Prose(failure) + "\"}");
    }
    case AuthErrorStyle::kGrpc:
      return TextReply(401, "rpc error: code = Unauthenticated desc = " + Prose(failure));
    case AuthErrorStyle::kEmpty:
      return {401, {}, {}};
  }
  return TextReply(401, Prose(failure) + "\n");
}

}  // namespace balance::sandbox
