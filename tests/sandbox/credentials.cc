#include "tests/sandbox/credentials.h"

#include <sodium.h>

#include <array>

#include "tests/sandbox/encoding.h"

namespace balance::sandbox {

PolymarketKey GeneratePolymarketKey() {
  PolymarketKey key;
  key.key_id = RandomHex(16);
  key.key_id[12] = '4';
  key.key_id[16] = 'a';
  for (const std::size_t dash : {20U, 16U, 12U, 8U}) key.key_id.insert(dash, 1, '-');
  std::array<unsigned char, crypto_sign_SEEDBYTES> seed;
  randombytes_buf(seed.data(), seed.size());
  key.secret_key = Base64(seed);
  sodium_memzero(seed.data(), seed.size());
  return key;
}

PolysimKey GeneratePolysimKey() {
  PolysimKey key;
  key.api_key = "ps_live_" + RandomHex(32);
  return key;
}

}  // namespace balance::sandbox
