#pragma once

// One connection: its socket, its TLS, how long it lives and how it ends.

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/transport/h2_session.h"
#include "service/transport/tls_channel.h"
#include "service/transport/transport_loop.h"
#include "service/transport/transport_stats.h"

namespace balance {

// Used on its loop's thread only. Kept alive by its loop until it ends, and by what the loop has
// queued for it.
class H2Connection final : public std::enable_shared_from_this<H2Connection>,
                           private H2SessionOwner {
 public:
  // `tls` is null for plaintext.
  H2Connection(TransportLoop& loop, boost::asio::ip::tcp::socket socket, std::string peer,
               std::shared_ptr<const TlsContext> tls);
  ~H2Connection() override;

  void Start();
  // Looks whether time is up for something.
  void Sweep();
  // Tells the peer to end it, in two steps: it opens no further streams once it knows, and those
  // that are on their way are served. One that has not said hello may do so shortly.
  void Drain(ConnectionEnd why);
  // Ends it at once; the handlers of its calls hear that the caller has left.
  void Close(ConnectionEnd why);
  // The same for one that TransportLoop::NoteShownOut() was told of.
  void CloseAsShownOut() { Close(why_); }
  // Ends it if `tls` does not vouch for the certificate that its peer has shown.
  void Revise(const TlsContext& tls);

  bool IsIdle() const { return !session_.has_calls(); }
  SteadyTime last_heard() const { return last_heard_; }
  // What buffers hold for it.
  std::size_t buffered_bytes() const {
    return session_.untaken_bytes() + session_.unfinished_bytes() + unsent_.size();
  }
  ConnectionInfo Info() const;

 private:
  enum class Phase : std::uint8_t {
    kHello,
    kServing,
    // The first GOAWAY and a PING were sent.
    kNoticed,
    // The last stream was named.
    kEnding,
    // Nothing more is sent; the peer may still read what was.
    kLingering,
    kClosed,
  };

  // --- H2SessionOwner ---------------------------------------------------------------------------

  void OnPing() override;
  void OnPong() override;
  void OnTraffic() override;
  void OnCall() override;
  void OnOutput() override;
  const PeerIdentity& identity() const override { return identity_; }
  const std::string& peer() const override { return peer_; }

  void ReadNext();
  void OnRead(const boost::system::error_code& error, std::size_t size);
  // Takes what the socket has beyond what was read already.
  void ReadRest();
  // Takes bytes of the wire; false if the connection is over.
  bool Receive(std::span<const unsigned char> bytes);
  // Learns who the peer is; false if it is nobody whom the newest client CAs know.
  bool Identify();
  bool ReceiveTls(std::span<const unsigned char> bytes);
  bool ReceivePlain(std::span<const unsigned char> bytes);

  // Whether the peer was told to end it.
  bool is_draining() const { return phase_ == Phase::kNoticed || phase_ == Phase::kEnding; }

  // Sends all that is ready; false if the connection is over.
  bool Flush();
  // Flushes and ends the connection if it is over. Not from within Receive() and Flush().
  void Serve();
  bool WriteOut();
  bool Write(std::span<const unsigned char> bytes);
  void AwaitWritable();
  void OnWritable();
  bool Judge(H2Session::Health health);
  void AnswerInWords(std::string_view words);
  // Hangs up as soon as what was written has been taken.
  void Linger(ConnectionEnd why);

  // Whether the connection, which has reached its age, is to be drained now.
  bool IsMomentToAge() const;
  void SweepServing();
  void SweepDrain();
  // How long the answer to the PING that follows the first GOAWAY is waited for.
  Duration PongPatience() const;
  // The peer was told which call is its last, or is told nothing more.
  void TakeNoMoreCalls();

  TransportLoop& loop_;
  boost::asio::ip::tcp::socket socket_;
  const std::string peer_;
  std::unique_ptr<TlsChannel> tls_;
  PeerIdentity identity_;
  H2Session session_;
  Phase phase_ = Phase::kHello;
  ConnectionEnd why_ = ConnectionEnd::kClosed;
  bool takes_calls_ = true;
  // It was to be drained before its peer said hello; `phase_began_` is when.
  bool drains_after_hello_ = false;
  const SteadyTime begun_;
  const SteadyTime ages_at_;
  SteadyTime last_heard_;
  SteadyTime last_call_;
  // When the present phase began.
  SteadyTime phase_began_;
  std::optional<SteadyTime> ping_sent_;
  std::optional<SteadyTime> ponged_;
  std::optional<SteadyTime> peer_pinged_;
  int ping_strikes_ = 0;
  // In the middle of reading or writing, which will flush at its end.
  bool is_busy_ = false;
  bool is_flush_posted_ = false;
  bool is_reading_ = false;
  // What the socket has not taken. While there is some, the peer is not read from: who does not
  // take answers gets no more of them.
  std::vector<unsigned char> unsent_;
  std::size_t unsent_at_ = 0;
  // Enough for a turn's calls of most clients; more is read into the loop's own buffer.
  std::array<unsigned char, 2048> in_{};
};

}  // namespace balance
