// Bytes of a connection from the preface on. The first byte says in which pieces they come; the
// pieces are taken as one where it is 0.

#include <algorithm>

#include "tests/fuzz/lines.h"
#include "tests/fuzz/transport_rig.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace balance;
  if (size == 0) return 0;
  std::string_view bytes = fuzz::AsText(data + 1, size - 1);
  const std::size_t piece = data[0] == 0 ? bytes.size() : data[0];
  fuzz::TransportRig rig;
  while (!bytes.empty()) {
    const std::string_view now = bytes.substr(0, piece);
    bytes.remove_prefix(now.size());
    rig.Send(now);
    if (data[0] % 2 == 0) rig.Receive();
  }
  rig.Receive();
  rig.FinishOne();
  rig.Receive();
  return 0;
}
