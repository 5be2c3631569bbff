// The body of a request: cut at any place, or into single bytes, it means the same as in one piece.

#include <string>
#include <vector>

#include "clients/core/clock.h"
#include "service/transport/h2_request.h"
#include "service/transport/transport_loop.h"
#include "tests/fuzz/lines.h"
#include "tests/fuzz/require.h"

namespace balance::fuzz {
namespace {

constexpr std::size_t kMostMessageBytes = 100;

struct Reading {
  // As a call with many messages.
  std::vector<std::string> messages;
  std::optional<StatusCode> failure;
  bool has_rest = false;
  // As a call with one.
  std::optional<StatusCode> objection;
  std::string message;

  bool operator==(const Reading&) const = default;
};

class Reader {
 public:
  Reader() { limits_.request_bytes = kMostMessageBytes; }

  // Of `body`, which comes in pieces of so many bytes behind a first one.
  Reading Read(std::string_view body, std::size_t first, std::size_t piece) const {
    Reading reading;
    H2Request many(loop_);
    H2Request one(loop_);
    for (std::string_view rest = body; !rest.empty();) {
      const std::string_view now = rest.substr(0, rest.size() == body.size() ? first : piece);
      rest.remove_prefix(now.size());
      const std::span bytes(reinterpret_cast<const unsigned char*>(now.data()), now.size());
      if (!reading.failure) TakeMessages(many, bytes, reading);
      if (reading.objection) continue;
      one.Append(bytes);
      if (const auto objection = one.ObjectionToSize()) reading.objection = objection->code;
    }
    reading.has_rest = many.has_body();
    if (reading.objection) return reading;
    if (const auto objection = one.ObjectionToMessage()) {
      reading.objection = objection->code;
    } else {
      reading.message = one.message();
    }
    return reading;
  }

 private:
  static void TakeMessages(H2Request& request, std::span<const unsigned char> bytes,
                           Reading& reading) {
    request.Append(bytes);
    for (;;) {
      const H2Request::Next next = request.TakeMessage();
      if (const auto* const failure = std::get_if<CallStatus>(&next)) {
        reading.failure = failure->code;
        // What comes after does not matter, and it may or may not have come.
        return request.DropBody();
      }
      const auto& message = std::get<std::optional<std::string_view>>(next);
      if (!message) break;
      Require(message->size() <= kMostMessageBytes, "messages are bounded");
      reading.messages.emplace_back(*message);
    }
    request.DropTaken();
  }

  SystemClock clock_;
  MethodTable methods_;
  TransportLimits limits_;
  TransportLoop::Shared shared_{clock_, methods_, limits_, {}};
  TransportLoop loop_{shared_, 1};
};

}  // namespace
}  // namespace balance::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace balance::fuzz;
  static const Reader reader;
  constexpr std::size_t kMostCut = 400;
  const std::string_view body = AsText(data, std::min(size, kMostCut));
  const Reading whole = reader.Read(body, body.size(), body.size());
  for (std::size_t cut = 1; cut < body.size(); ++cut) {
    Require(reader.Read(body, cut, body.size()) == whole, "a cut body means the same");
  }
  Require(reader.Read(body, 1, 1) == whole, "a body in single bytes means the same");
  return 0;
}
