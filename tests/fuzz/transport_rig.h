#pragma once

// The server's transport without a thread, a port or a clock of its own: a connection whose other
// end the fuzzer holds.

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "service/transport/health_states.h"
#include "service/transport/transport_loop.h"
#include "tests/support/fake_clock.h"

namespace balance::fuzz {

// Methods of "t.T": Echo and Fail answer at once; Hold waits for FinishOne(); Repeat writes for as
// long as the peer takes it; Echoes sends each message back. Health and reflection are there too.
// Used on one thread.
class TransportRig {
 public:
  TransportRig();
  TransportRig(const TransportRig&) = delete;
  TransportRig& operator=(const TransportRig&) = delete;
  // Ends everything and demands that nothing is left and no count wrong.
  ~TransportRig();

  // Sends what the socket takes of it, and lets the server work.
  void Send(std::string_view bytes);
  // Takes what the server has sent, demands that it is frames, and lets the server work.
  void Receive();
  void HangUp();

  void Advance(Duration by);
  // Finishes the call that was held first, if there is one.
  void FinishOne();
  // Wakes all streams that there have been, or gives those up that there are.
  void WakeAll();
  void AbortAll();
  void ToggleHealth();
  void Drain();
  // As if memory or descriptors were used up.
  void Shed();

 private:
  class Held;
  class Repeater;
  class Echoes;

  void AddMethods();
  void AddUnary(const char* name, std::function<void(Call&)> handle);
  void Poll();
  void CheckFrames();

  FakeClock clock_;
  MethodTable methods_;
  HealthStates health_;
  bool is_healthy_ = false;
  TransportLimits limits_;
  std::deque<Call*> held_;
  // Of those that are held.
  std::size_t handlers_ = 0;
  std::vector<Repeater*> streams_;
  std::vector<std::shared_ptr<StreamWaker>> wakers_;
  std::unique_ptr<TransportLoop::Shared> shared_;
  std::unique_ptr<TransportLoop> loop_;
  int socket_ = -1;
  // Sent by the server, and not yet a whole frame.
  std::string answer_;
  bool speaks_http2_ = true;
};

}  // namespace balance::fuzz
