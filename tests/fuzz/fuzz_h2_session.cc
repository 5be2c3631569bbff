// Steps on a connection that is open already: what a peer sends frame by frame, whether it reads,
// and what happens in the server meanwhile.

#include <algorithm>
#include <array>
#include <string>

#include "tests/fuzz/lines.h"
#include "tests/fuzz/transport_rig.h"
#include "tests/support/h2_frames.h"

namespace balance::fuzz {
namespace {

// Reads the input from its beginning; zeros behind its end.
class Input {
 public:
  explicit Input(std::string_view bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  std::uint8_t Byte() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  std::uint32_t Number() {
    std::uint32_t number = 0;
    for (int i = 0; i < 4; ++i) number = number << 8U | Byte();
    return number;
  }
  std::string_view Text(std::size_t size) {
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(text.size());
    return text;
  }

 private:
  std::string_view rest_;
};

constexpr std::array<std::string_view, 9> kPaths = {
    "/t.T/Echo",
    "/t.T/Fail",
    "/t.T/Hold",
    "/t.T/Repeat",
    "/t.T/Echoes",
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/none"};

class Steps {
 public:
  explicit Steps(std::string_view bytes) : input_(bytes) {
    rig_.Send(std::string(h2::kPreface) + h2::Settings());
  }

  void Run() {
    for (int step = 0; step < 200 && !input_.empty(); ++step) Step();
    rig_.Receive();
  }

 private:
  std::string_view Path() { return kPaths[input_.Byte() % kPaths.size()]; }
  // Of a call: those that there were are named more often than others.
  std::uint32_t Stream() {
    const std::uint8_t byte = input_.Byte();
    return byte < 200 && next_stream_ > 1 ? 2 * (byte % (next_stream_ / 2)) + 1 : byte;
  }
  std::uint32_t NewStream() { return std::exchange(next_stream_, next_stream_ + 2); }

  void Step() {
    switch (input_.Byte() % 20) {
      case 0:
        return SendFrame();
      case 1: {
        const auto path = Path();
        const std::size_t size = input_.Byte();
        return rig_.Send(h2::WholeCall(NewStream(), path, input_.Text(size)));
      }
      case 2:
        return rig_.Send(h2::CallHeaders(NewStream(), Path()));
      case 3:
        return SendCallWithHeader();
      case 4: {
        const std::uint32_t stream = Stream();
        const std::uint8_t flags = input_.Byte() & h2::kEndStream;
        const std::size_t size = input_.Byte();
        return rig_.Send(h2::Frame(h2::kData, flags, stream, input_.Text(size)));
      }
      case 5:
        return rig_.Send(h2::Frame(h2::kRstStream, 0, Stream(), h2::Number(8)));
      case 6: {
        const std::uint32_t stream = Stream();
        return rig_.Send(h2::Frame(h2::kWindowUpdate, 0, stream, h2::Number(input_.Number())));
      }
      case 7:
        return rig_.Send(h2::Frame(h2::kWindowUpdate, 0, 0, h2::Number(input_.Number())));
      case 8: {
        const std::uint16_t id = input_.Byte() % 10;
        return rig_.Send(h2::Settings({{id, input_.Number()}}));
      }
      case 9:
        return rig_.Send(h2::Frame(h2::kPing, input_.Byte() & h2::kAck, 0, "12345678"));
      case 10:
        return SendMessage();
      default:
        return Happen();
    }
  }

  void Happen() {
    switch (input_.Byte() % 12) {
      case 0:
        return rig_.Advance(std::chrono::seconds(input_.Byte()));
      case 1:
        return rig_.Advance(std::chrono::milliseconds(10));
      case 2:
        return rig_.FinishOne();
      case 3:
        return rig_.WakeAll();
      case 4:
        return rig_.AbortAll();
      case 5:
        return rig_.ToggleHealth();
      case 6:
        return rig_.Drain();
      case 7:
        return rig_.Shed();
      case 8:
        return input_.Byte() == 0 ? rig_.HangUp() : rig_.Receive();
      default:
        return rig_.Receive();
    }
  }

  void SendFrame() {
    const auto type = static_cast<h2::FrameType>(input_.Byte());
    const std::uint8_t flags = input_.Byte();
    const std::uint32_t stream = Stream();
    const std::size_t size = input_.Byte();
    rig_.Send(h2::Frame(type, flags, stream, input_.Text(size)));
  }

  void SendCallWithHeader() {
    const auto path = Path();
    const std::size_t name_size = input_.Byte() % 32;
    const auto name = input_.Text(name_size);
    const std::size_t value_size = input_.Byte();
    const auto value = input_.Text(value_size);
    const std::string timeout(input_.Text(3));
    rig_.Send(h2::Frame(
        h2::kHeaders, h2::kEndHeaders, NewStream(),
        h2::CallFields(path) + h2::Field("grpc-timeout", timeout) + h2::IndexedField(name, value)));
  }

  // Of many bytes, which the input need not have.
  void SendMessage() {
    const std::uint32_t stream = Stream();
    const std::uint8_t flags = input_.Byte() & h2::kEndStream;
    const std::size_t size = std::size_t{input_.Byte()} * 4;
    const auto text = std::string(size, '!');
    const std::string prefix = std::string(1, '\0') + h2::Number(static_cast<std::uint32_t>(size));
    rig_.Send(h2::Frame(h2::kData, flags, stream, prefix + text));
  }

  Input input_;
  TransportRig rig_;
  std::uint32_t next_stream_ = 1;
};

}  // namespace
}  // namespace balance::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  balance::fuzz::Steps(balance::fuzz::AsText(data, size)).Run();
  return 0;
}
