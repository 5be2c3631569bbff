#pragma once

// One event loop with one thread, its connections and their calls.

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "clients/core/alarm.h"
#include "clients/core/clock.h"
#include "clients/core/random.h"
#include "service/transport/h2_options.h"
#include "service/transport/loop_mailbox.h"
#include "service/transport/method_table.h"
#include "service/transport/out_buffer.h"
#include "service/transport/outgoing_message.h"
#include "service/transport/stream_timers.h"
#include "service/transport/tls_context.h"
#include "service/transport/transport_limits.h"
#include "service/transport/transport_stats.h"

namespace balance {

class H2Call;
class H2Connection;

// A connection lives on one loop, so nothing of it is locked. Everything is used on the loop's
// thread only, unless it says otherwise. A loop neither blocks nor waits for anything but sockets,
// timers and its mailbox.
class TransportLoop {
 public:
  // How the loops of a server stand together, for limits that hold for all of them.
  struct Shared {
    Clock& clock;
    const MethodTable& methods;
    const TransportLimits& limits;
    // Of all loops; filled before the first one starts.
    std::vector<const LoopCounters*> counters;
  };

  // `shared` must outlive the loop.
  TransportLoop(const Shared& shared, std::uint64_t seed);
  TransportLoop(const TransportLoop&) = delete;
  TransportLoop& operator=(const TransportLoop&) = delete;
  // REQUIRES: Join() has returned, or Start() was never called.
  ~TransportLoop();

  // --- Of any thread ----------------------------------------------------------------------------

  void Start();
  // Runs `work` on the loop. Never, once it has ended.
  void Post(std::function<void()> work);
  // Serves an accepted connection from now on. `tls` is null for plaintext.
  void Adopt(boost::asio::ip::tcp::socket::native_handle_type socket, std::string peer,
             std::shared_ptr<const TlsContext> tls);
  // Tells all connections to end, as those do that come later. Calls in progress go on.
  void Drain();
  // Ends all connections and cancels their calls.
  void CloseConnections();
  // Ends connections that no call needs, the one that has been silent longest first, up to `count`.
  void ShedIdle(std::size_t count);
  // As long as the buffers of all loops hold more than they may: ends the connection that holds
  // most of those here.
  void ShedHeaviest();
  // Checks identities against `tls` from now on, if `trust_changed` also those of all connections
  // that there are, and ends those that it does not vouch for.
  void Revise(std::shared_ptr<const TlsContext> tls, bool trust_changed);
  // Ends the loop once its connections have ended and all calls that handlers work on are finished,
  // and waits for that. REQUIRES: CloseConnections() was called.
  void Join();

  const LoopCounters& counters() const { return counters_; }

  // --- Of the loop's thread ---------------------------------------------------------------------

  std::vector<ConnectionInfo> Connections() const;

  // Whether the caller is the loop.
  bool IsCurrent() { return io_.get_executor().running_in_this_thread(); }
  // The time at which the event that is being handled was noticed.
  SteadyTime now() const { return now_; }
  void Refresh() { now_ = shared_.clock.SteadyNow(); }

  const TransportLimits& limits() const { return shared_.limits; }
  const MethodTable& methods() const { return shared_.methods; }
  Clock& clock() const { return shared_.clock; }
  const H2Options& h2_options() const { return h2_options_; }
  boost::asio::io_context& io() { return io_; }
  const std::shared_ptr<LoopMailbox>& mailbox() const { return mailbox_; }
  StreamTimers& stream_timers() { return stream_timers_; }
  LoopCounters& mutable_counters() { return counters_; }
  // What has been gathered for the connection that is being served; empty in between.
  OutBuffer& out() { return out_; }
  // For bytes on their way in; whatever is there is overwritten by the next read.
  std::vector<unsigned char>& in() { return in_; }
  std::vector<unsigned char>& wire() { return wire_; }
  // What Revise() was called with last; null before.
  const TlsContext* newest_tls() const { return newest_tls_.get(); }
  // From 0 to 1: where within the spread of ages that of a new connection lies.
  double Jitter() { return random_(); }

  // Whether the buffers of all loops hold more than they may.
  bool IsOutOfMemory() const;
  // Whether handlers work on more calls whose callers have left than they may, of all loops.
  bool HasTooManyAbandoned() const;

  // A call to be used, and its return.
  H2Call& TakeCall();
  void GiveCall(H2Call& call);
  // A handler has a call in its hands, and has finished it.
  void NoteHandled() { ++calls_in_use_; }
  void NoteFinished();

  // What a stream sends its messages from, and its return, whatever has become of the message.
  std::unique_ptr<OutgoingMessage> LendMessage();
  void TakeBack(std::unique_ptr<OutgoingMessage> message);

  void Forget(H2Connection& connection);
  // `connection` is shown out: it stays for a moment, to hear why. Of so many at a time the oldest
  // are closed at once, or a peer that comes back each time would have the server keep all of them.
  void NoteShownOut(H2Connection& connection);

 private:
  struct ReleaseCall {
    void operator()(H2Call* call) const;
  };
  using OwnedCall = std::unique_ptr<H2Call, ReleaseCall>;

  // Opens some of the items, at least one; returns their number.
  std::size_t OpenMail(std::span<const LoopMailbox::Item> items);
  void Sweep();
  void ScheduleSweep();
  // All connections as they are now: handling one may end it.
  std::vector<std::shared_ptr<H2Connection>> Snapshot() const;
  std::uint64_t SumOf(LoopCounter LoopCounters::*counter) const;
  void EndIfDone();

  const Shared& shared_;
  const H2Options h2_options_;
  boost::asio::io_context io_{1};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  const std::shared_ptr<LoopMailbox> mailbox_;
  Random random_;
  // Looks after connections once a second, while there are some.
  Alarm sweep_;
  bool is_sweeping_ = false;
  StreamTimers stream_timers_;
  SteadyTime now_;
  std::shared_ptr<const TlsContext> newest_tls_;
  bool is_draining_ = false;
  bool is_closing_ = false;
  bool is_ending_ = false;
  std::unordered_map<H2Connection*, std::shared_ptr<H2Connection>> connections_;
  // The oldest first; those that have left by themselves are among them.
  std::deque<std::weak_ptr<H2Connection>> shown_out_;
  // Calls that handlers still have in their hands, connected or not.
  std::size_t calls_in_use_ = 0;
  std::vector<OwnedCall> spare_calls_;
  std::vector<std::unique_ptr<OutgoingMessage>> spare_messages_;
  OutBuffer out_;
  std::vector<unsigned char> in_;
  std::vector<unsigned char> wire_;
  LoopCounters counters_;
  std::thread thread_;
};

}  // namespace balance
