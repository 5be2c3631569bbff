// Any bytes as the messages of both venues' push sockets, one a line, and as the body of a token.

#include <sodium.h>

#include "clients/polymarket_us/push_protocol.h"
#include "clients/polysimulator/push_protocol.h"
#include "clients/polysimulator/socket_token.h"
#include "tests/fuzz/lines.h"
#include "tests/fuzz/require.h"

namespace balance::fuzz {
namespace {

void CheckMessages(PushProtocol& protocol, std::string_view messages, LiteralMessages& errors) {
  bool was_ready = false;
  while (!messages.empty()) {
    const PushReaction reaction = protocol.OnMessage(TakeLine(messages));
    Require(!(was_ready && reaction.is_ready), "a socket becomes ready once");
    Require(!reaction.is_ready || reaction.is_hint, "a socket that becomes ready is a hint");
    Require(!reaction.failure || !reaction.is_hint, "a failure is no hint");
    if (reaction.failure) errors.Check(reaction.failure->message);
    was_ready = was_ready || reaction.is_ready;
  }
}

void CheckToken(std::string_view body, LiteralMessages& errors) {
  const auto token = polysimulator::ParseToken(body);
  if (!token) return errors.Check(token.error().message);
  for (const char c : token->Expose()) {
    Require('-' <= c && c <= '~' && c != '/' && c != ':' && c != '?' && c != '[' && c != '\\',
            "a token needs no escapes in an address");
  }
}

}  // namespace
}  // namespace balance::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace balance;
  static const bool started = sodium_init() >= 0;
  fuzz::Require(started, "libsodium starts");
  static fuzz::LiteralMessages errors;
  const std::string_view text = fuzz::AsText(data, size);
  polymarket_us::PushProtocol polymarket_us;
  fuzz::CheckMessages(polymarket_us, text, errors);
  polysimulator::PushProtocol polysimulator;
  fuzz::CheckMessages(polysimulator, text, errors);
  fuzz::CheckToken(text, errors);
  return 0;
}
